"""The lane with its bytes in Rust: `native/src/lane.rs` answers what is plainest, Python's lane what it leaves.

A connection that goes, or whose requests somebody wants to know of, is Python's too.
"""

from service.server.lane.protocol import FastLaneProtocol

LENGTH = b"content-length: "
CLOSE = b"connection: close\r\n"


class NativeLaneProtocol(FastLaneProtocol):
    def _take(self, data: bytes) -> None:
        lane = self._lane
        native = lane.native
        if native is None or self.draining:
            super()._take(data)
            return
        if not lane.begun:
            lane.begin_turn()
            native.begin_with(lane.start(self.server_state.default_headers))
        self._held = b""
        taken = native.take(data, self._give)
        if isinstance(taken, bytes):
            self.transport.write(taken)
            self._answered(False)
            return
        replies, start, end, stop = taken
        if replies:
            self.transport.write(replies)
            self._answered(False)
        if stop == native.WAITS:
            lane.waiting += 1
            lane.predictor.awaited()
            self._pending = data if end - start == len(data) else data[start:end]
            self._hold(data[end:])
        elif stop == native.UNFINISHED:
            self._hold(data[start:])
        else:
            super()._take(data[start:])

    def _give(self, reply: bytes | Exception) -> None:
        """The pending request's whole reply was made, or could not be."""
        if not isinstance(reply, bytes):
            self._reply(reply)
            return
        self._pending = b""
        lane = self._lane
        lane.waiting -= 1
        if not self.transport.is_closing():
            last = self._is_last(bool(self._held))
            # An id has no space in it, so the first of these is the header.
            self.transport.write(reply.replace(LENGTH, CLOSE + LENGTH, 1) if last else reply)
            lane.answered += 1
            self._answered(last)
        lane.end_turn()
        if self._held or self._last_words is not None:
            self._go_on()
