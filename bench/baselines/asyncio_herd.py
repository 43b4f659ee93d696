"""A yardstick: one server of a herd as one would write it with asyncio and its streams.

A coroutine a connection, persistent links, every line in and out logged. It is told all in one argument of JSON; a log
of "" is none.
"""

import asyncio
import json
import logging
import re
import sys
import time
from decimal import Decimal

plan = json.loads(sys.argv[1])
log = logging.getLogger("herd")
position_pattern = re.compile(r"[+-]\d{1,2}(\.\d+)?[+-]\d{1,3}(\.\d+)?")
time_pattern = re.compile(r"\d{1,15}(\.\d+)?")


class Connection:
    def __init__(self, writer):
        self.writer = writer
        self.neighbour = None
        host, port = writer.get_extra_info("peername")
        self.far = f"{host}:{port}"

    def say(self, line):
        log.info("%s out %s", self.far, line)
        self.writer.write(f"{line}\n".encode("latin-1"))


class HerdServer:
    def __init__(self, name, ports, neighbours):
        self.name = name
        self.ports = ports
        self.neighbours = neighbours
        self.locations = {}
        self.links = {}

    async def run(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", self.ports[self.name], backlog=1024)
        calls = [asyncio.create_task(self.call(each)) for each in self.neighbours if self.name < each]
        if not self.neighbours:
            print("ready", flush=True)
        async with server:
            await asyncio.gather(server.serve_forever(), *calls)

    async def call(self, neighbour):
        """Keeps a link to a neighbour for ever."""
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[neighbour])
            except OSError:
                await asyncio.sleep(0.05)
                continue
            connection = Connection(writer)
            connection.say(f"PEER {self.name}")
            self.linked(neighbour, connection)
            await self.hear_all(reader, connection)

    async def serve(self, reader, writer):
        await self.hear_all(reader, Connection(writer))

    async def hear_all(self, reader, connection):
        log.info("%s connected", connection.far)
        try:
            while bytes_ := await reader.readline():
                line = bytes_.decode("latin-1").rstrip("\n")
                log.info("%s in %s", connection.far, line)
                self.hear(connection, line)
                await connection.writer.drain()
        except ConnectionError:
            pass
        finally:
            log.info("%s left", connection.far)
            self.links.pop(connection.neighbour, None)
            connection.writer.close()

    def linked(self, neighbour, connection):
        connection.neighbour = neighbour
        self.links[neighbour] = connection
        if len(self.links) == len(self.neighbours):
            print("ready", flush=True)

    def hear(self, connection, line):
        fields = line.split()
        command = fields[0] if fields else ""
        if command == "IAMAT" and len(fields) == 4:
            self.heard_iamat(connection, line, *fields[1:])
        elif command == "WHATSAT" and len(fields) == 4:
            self.heard_whatsat(connection, line, fields[1])
        elif command == "AT" and len(fields) == 7:
            self.learn(fields[:6], sender=fields[6])
        elif command == "PEER" and len(fields) == 2:
            self.linked(fields[1], connection)
        else:
            connection.say(f"? {line}")

    def heard_iamat(self, connection, line, client, position, sent_at):
        if not position_pattern.fullmatch(position) or not time_pattern.fullmatch(sent_at):
            connection.say(f"? {line}")
            return
        skew = time.time() - float(sent_at)
        fields = ["AT", self.name, f"{skew:+.9f}", client, position, sent_at]
        connection.say(" ".join(fields))
        self.learn(fields)

    def heard_whatsat(self, connection, line, client):
        known = self.locations.get(client)
        if known is None:
            connection.say(f"? {line}")
            return
        connection.say(known[1])
        connection.say('{"results":[]}')

    def learn(self, fields, sender=None):
        """Takes the fields of an AT line; passes them on if they are news."""
        client, sent_at = fields[3], Decimal(fields[5])
        known = self.locations.get(client)
        if known is not None and known[0] >= sent_at:
            return
        at = " ".join(fields)
        self.locations[client] = (sent_at, at)
        for neighbour, link in self.links.items():
            if neighbour != sender:
                link.say(f"{at} {self.name}")


if plan["log"]:
    logging.basicConfig(filename=plan["log"], format="%(asctime)s %(message)s", level=logging.INFO)
asyncio.run(HerdServer(plan["server"], plan["ports"], plan["neighbours"]).run())
