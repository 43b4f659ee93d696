"""Baseline: one server of a herd as one would write it with Twisted.

Line protocols, a server factory and a client factory, persistent links, every line in and out logged. Configured by one
JSON argument; an empty "log" turns logging off.
"""

import json
import logging
import re
import sys
import time
from decimal import Decimal

from twisted.internet import reactor
from twisted.internet.protocol import Factory, ReconnectingClientFactory
from twisted.protocols.basic import LineOnlyReceiver

config = json.loads(sys.argv[1])
log = logging.getLogger("herd")
position_pattern = re.compile(r"[+-]\d{1,2}(\.\d+)?[+-]\d{1,3}(\.\d+)?")
time_pattern = re.compile(r"\d{1,15}(\.\d+)?")


class HerdServer:
    """State shared by all connections: locations by client, and links by neighbour."""

    def __init__(self, name, neighbours):
        self.name = name
        self.neighbours = neighbours
        self.locations = {}
        self.links = {}

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

    def add_link(self, neighbour, link):
        self.links[neighbour] = link
        if len(self.links) == len(self.neighbours):
            print("ready", flush=True)


class HerdProtocol(LineOnlyReceiver):
    delimiter = b"\n"
    neighbour = None

    def __init__(self, herd):
        self.herd = herd

    def connectionMade(self):
        self.transport.setTcpNoDelay(True)
        peer = self.transport.getPeer()
        self.remote = f"{peer.host}:{peer.port}"
        log.info("%s connected", self.remote)

    def connectionLost(self, reason):
        log.info("%s disconnected", self.remote)
        if self.neighbour is not None:
            self.herd.links.pop(self.neighbour, None)

    def send(self, line):
        log.info("%s out %s", self.remote, line)
        self.sendLine(line.encode("latin-1"))

    def lineReceived(self, bytes_):
        line = bytes_.decode("latin-1")
        log.info("%s in %s", self.remote, line)
        fields = line.split()
        command = fields[0] if fields else ""
        if command == "IAMAT" and len(fields) == 4:
            self.handle_iamat(line, *fields[1:])
        elif command == "WHATSAT" and len(fields) == 4:
            self.handle_whatsat(line, fields[1])
        elif command == "AT" and len(fields) == 7:
            self.herd.learn(fields[:6], sender=fields[6])
        elif command == "PEER" and len(fields) == 2:
            self.neighbour = fields[1]
            self.herd.add_link(self.neighbour, self)
        else:
            self.send(f"? {line}")

    def handle_iamat(self, line, client, position, sent_at):
        if not position_pattern.fullmatch(position) or not time_pattern.fullmatch(sent_at):
            self.send(f"? {line}")
            return
        skew = time.time() - float(sent_at)
        fields = ["AT", self.herd.name, f"{skew:+.9f}", client, position, sent_at]
        self.send(" ".join(fields))
        self.herd.learn(fields)

    def handle_whatsat(self, line, client):
        known = self.herd.locations.get(client)
        if known is None:
            self.send(f"? {line}")
            return
        self.send(known[1])
        self.send('{"results":[]}')


class HerdFactory(Factory):
    def __init__(self, herd):
        self.herd = herd

    def buildProtocol(self, addr):
        return HerdProtocol(self.herd)


class LinkProtocol(HerdProtocol):
    def connectionMade(self):
        super().connectionMade()
        self.neighbour = self.factory.neighbour
        self.send(f"PEER {self.herd.name}")
        self.herd.add_link(self.neighbour, self)


class LinkFactory(ReconnectingClientFactory):
    initialDelay = 0.05

    def __init__(self, herd, neighbour):
        self.herd = herd
        self.neighbour = neighbour

    def buildProtocol(self, addr):
        self.resetDelay()
        protocol = LinkProtocol(self.herd)
        protocol.factory = self
        return protocol


def main():
    if config["log"]:
        logging.basicConfig(filename=config["log"], format="%(asctime)s %(message)s", level=logging.INFO)
    name, ports = config["server"], config["ports"]
    herd = HerdServer(name, config["neighbours"])
    reactor.listenTCP(ports[name], HerdFactory(herd), interface="127.0.0.1", backlog=1024)
    for neighbour in herd.neighbours:
        if name < neighbour:
            reactor.connectTCP("127.0.0.1", ports[neighbour], LinkFactory(herd, neighbour))
    if not herd.neighbours:
        print("ready", flush=True)
    reactor.run()


main()
