"""The client's end of the line: descriptors that nothing else in the process knows."""

import os

PIPE_ROOM = 4096
"""A pipe that takes anything takes this much at once: PIPE_BUF, which POSIX sets at 512 or more and Linux at 4,096."""
READ_SIZE = 1 << 16


class Wire:
    """Frames in and out, as bytes. A frame ends in LF on every platform."""

    __slots__ = ("_reading", "_writing", "is_open")

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self.is_open = True
        """Whether the client still reads, as far as writing to it has told."""

    def read(self) -> bytes:
        """What has arrived, at least one byte; b"" when the client has closed its end."""
        try:
            return os.read(self._reading, READ_SIZE)
        except OSError:  # a terminal that hung up, a socket that was reset
            return b""

    def write(self, frames: bytes) -> bool:
        """Write all of it, waiting as long as the client takes to read. False when the client is gone."""
        try:
            done = os.write(self._writing, frames)
            while done < len(frames):
                done += os.write(self._writing, frames[done:])
        except OSError:
            self.is_open = False
        return self.is_open

    def takes(self, size: int) -> bool:
        """Whether so many bytes can be written now without waiting."""
        return size <= PIPE_ROOM and self._poll(writable=True)

    def client_left(self) -> bool:
        """Whether nobody reads any more. Where this cannot be told, nobody is said to have left."""
        return not self.is_open or (hasattr(os, "fork") and self._poll(writable=False))

    def _poll(self, *, writable: bool) -> bool:
        import select

        if not hasattr(select, "poll"):
            return False
        poll = select.poll()
        poll.register(self._writing, select.POLLOUT if writable else 0)
        events = dict(poll.poll(0)).get(self._writing, 0)
        left = bool(events & (select.POLLERR | select.POLLNVAL))
        return bool(events & select.POLLOUT) and not left if writable else left
