"""The bare SDK server of `bare_sdk.py` on our transport, without the fast start: what the transport alone costs."""

import asyncio
import os

from bare_sdk import build_server

from domain_agents.front import Front, session
from domain_agents.front.manifest import Manifests
from domain_agents.front.options import Options
from domain_agents.front.wire import Wire


async def main() -> None:
    wire = Wire(os.dup(0), os.dup(1))
    front = Front(wire, Manifests(Options(), os.devnull))
    front.start()
    await session.take_over(front, wire, build_server(), asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main())
