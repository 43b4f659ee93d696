"""Baseline: one server of a herd as one would write it with asyncio streams.

One coroutine per connection, persistent links, every line in and out logged. Configured by one JSON argument; an empty
"log" turns logging off.
"""

import asyncio
import json
import logging
import re
import sys
import time
from decimal import Decimal

config = json.loads(sys.argv[1])
log = logging.getLogger("herd")
position_pattern = re.compile(r"[+-]\d{1,2}(\.\d+)?[+-]\d{1,3}(\.\d+)?")
time_pattern = re.compile(r"\d{1,15}(\.\d+)?")


class Connection:
    def __init__(self, writer):
        self.writer = writer
        self.neighbour = None
        host, port = writer.get_extra_info("peername")
        self.remote = f"{host}:{port}"

    def send(self, line):
        log.info("%s out %s", self.remote, line)
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
        link_tasks = [asyncio.create_task(self.keep_link(each)) for each in self.neighbours if self.name < each]
        if not self.neighbours:
            print("ready", flush=True)
        async with server:
            await asyncio.gather(server.serve_forever(), *link_tasks)

    async def keep_link(self, neighbour):
        """Keeps a link to a neighbour, and reconnects when it fails."""
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[neighbour])
            except OSError:
                await asyncio.sleep(0.05)
                continue
            connection = Connection(writer)
            connection.send(f"PEER {self.name}")
            self.add_link(neighbour, connection)
            await self.receive_lines(reader, connection)

    async def serve(self, reader, writer):
        await self.receive_lines(reader, Connection(writer))

    async def receive_lines(self, reader, connection):
        log.info("%s connected", connection.remote)
        try:
            while bytes_ := await reader.readline():
                line = bytes_.decode("latin-1").rstrip("\n")
                log.info("%s in %s", connection.remote, line)
                self.handle_line(connection, line)
                await connection.writer.drain()
        except ConnectionError:
            pass
        finally:
            log.info("%s disconnected", connection.remote)
            self.links.pop(connection.neighbour, None)
            connection.writer.close()

    def add_link(self, neighbour, connection):
        connection.neighbour = neighbour
        self.links[neighbour] = connection
        if len(self.links) == len(self.neighbours):
            print("ready", flush=True)

    def handle_line(self, connection, line):
        fields = line.split()
        command = fields[0] if fields else ""
        if command == "IAMAT" and len(fields) == 4:
            self.handle_iamat(connection, line, *fields[1:])
        elif command == "WHATSAT" and len(fields) == 4:
            self.handle_whatsat(connection, line, fields[1])
        elif command == "AT" and len(fields) == 7:
            self.learn(fields[:6], sender=fields[6])
        elif command == "PEER" and len(fields) == 2:
            self.add_link(fields[1], connection)
        else:
            connection.send(f"? {line}")

    def handle_iamat(self, connection, line, client, position, sent_at):
        if not position_pattern.fullmatch(position) or not time_pattern.fullmatch(sent_at):
            connection.send(f"? {line}")
            return
        skew = time.time() - float(sent_at)
        fields = ["AT", self.name, f"{skew:+.9f}", client, position, sent_at]
        connection.send(" ".join(fields))
        self.learn(fields)

    def handle_whatsat(self, connection, line, client):
        known = self.locations.get(client)
        if known is None:
            connection.send(f"? {line}")
            return
        connection.send(known[1])
        connection.send('{"results":[]}')

    def learn(self, fields, sender=None):
        """Stores the fields of an AT line, and forwards them if they are newer."""
        client, sent_at = fields[3], Decimal(fields[5])
        known = self.locations.get(client)
        if known is not None and known[0] >= sent_at:
            return
        at = " ".join(fields)
        self.locations[client] = (sent_at, at)
        for neighbour, link in self.links.items():
            if neighbour != sender:
                link.send(f"{at} {self.name}")


if config["log"]:
    logging.basicConfig(filename=config["log"], format="%(asctime)s %(message)s", level=logging.INFO)
asyncio.run(HerdServer(config["server"], config["ports"], config["neighbours"]).run())
