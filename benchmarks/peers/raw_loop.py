"""A stdio loop by hand, without any SDK: what a Python server costs at least. It answers what a client asks first.

Its list is padded to as many bytes as the first argument says.
"""

import json
import sys

TOOL = {"name": "echo", "description": "", "inputSchema": {"type": "object"}}


def result_of(method: str, size: int) -> dict[str, object] | None:
    if method == "initialize":
        return {
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "raw", "version": "1"},
        }
    if method == "server/discover":
        return {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}
    if method == "tools/list":
        empty = len(json.dumps({"tools": [TOOL]}))
        return {"tools": [{**TOOL, "description": "x" * max(0, size - empty)}]}
    if method == "tools/call":
        return {"content": [{"type": "text", "text": "hello"}]}
    return None


def main() -> None:
    size = int(sys.argv[1])
    for line in sys.stdin.buffer:
        frame = json.loads(line)
        if "id" not in frame:
            continue
        result = result_of(frame["method"], size)
        if result is None:
            answer = {"jsonrpc": "2.0", "id": frame["id"], "error": {"code": -32601, "message": "Method not found"}}
        else:
            answer = {"jsonrpc": "2.0", "id": frame["id"], "result": result}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
