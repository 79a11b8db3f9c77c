"""The table's recovery: what Faust does after a rebalance, with the reading of changelogs done by ourselves.

Faust reads changelogs through the same consumer as events. Records that were fetched while partitions moved get lost
between two generations there, and then recovery waits for them for ever, or takes a state for complete that is not
(decision 11). Here each newly assigned changelog partition is read from its beginning to its end, by a client of its
own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial

from faust.exceptions import ConsumerNotStarted
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from mode import Service

from .changelog import read_changelog
from .errors import BrokerError
from .pauses import pauses
from .transport.client import BrokerClient

__all__ = ["DirectRecovery"]

logger = logging.getLogger(__name__)


class DirectRecovery(Recovery):  # type: ignore[misc]
    """Recovers the table after each rebalance.

    Attributes
    ----------
    kept
        Partitions whose state is up to date as it is: this worker had them in the generation before, too.
    found
        The table's records in each other partition that is assigned.
    """

    kept: frozenset[int] = frozenset()
    found: dict[int, dict[bytes, bytes]]

    _held: tuple[int, frozenset[int]] = (-1, frozenset())
    """The last generation whose recovery was finished, and its partitions."""

    @Service.task  # type: ignore[untyped-decorator]
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start):
                return
            self.signal_recovery_start.clear()
            try:
                await self._recover(self._generation_id)
            except RebalanceAgain:
                continue
            except (ServiceStopped, ConsumerNotStarted):
                return

    @Service.task  # type: ignore[untyped-decorator]
    async def _slurp_changelogs(self) -> None:
        """Do nothing: changelogs stay paused."""

    @Service.task  # type: ignore[untyped-decorator]
    async def _publish_stats(self) -> None:
        """Do nothing: they are about events that are not read."""

    async def _recover(self, generation: int) -> None:
        tps = {tp.partition: tp.topic for tp in self.active_tps}
        last, held = self._held
        # Who was a member of the group's last generation, too, has not missed what another owner did.
        self.kept = held & tps.keys() if generation == last + 1 else frozenset()
        wanted = {partition: topic for partition, topic in tps.items() if partition not in self.kept}
        given_up = threading.Event()
        try:
            self.found = {}
            await self._wait(self._read(wanted, given_up.is_set))
        finally:
            given_up.set()
        if self.app.consumer_generation_id != generation:
            return  # the next rebalance is under way, and will signal
        for table in self.tables.values():
            await table.on_recovery_completed(self.actives_for_table[table], self.standbys_for_table[table])
        self.found = {}  # whoever wanted it has it, and will change it
        self._held = (generation, frozenset(tps))
        await self._resume_streams(generation)

    async def _read(self, wanted: Mapping[int, str], given_up: Callable[[], bool]) -> None:
        names = {partition: self.app.consumer.own_name(topic) for partition, topic in wanted.items()}
        found = self.found
        for pause in pauses(0.2, 10.0):
            try:
                # Memory is no reason for a thread; anything else might block the event loop.
                read = partial(_read_missing, self.app.new_client, names, found, given_up)
                await asyncio.to_thread(read) if self.app.client_blocks else read()
                return
            except BrokerError as error:
                logger.warning("The state cannot be read: %s Next try in %.1f s", error, pause)
                await asyncio.sleep(pause)


def _read_missing(
    new_client: Callable[[], BrokerClient],
    names: Mapping[int, str],
    found: dict[int, dict[bytes, bytes]],
    given_up: Callable[[], bool],
) -> None:
    if len(found) == len(names):
        return
    client = new_client()
    try:
        for partition in sorted(names.keys() - found.keys()):
            if not given_up():
                found[partition] = read_changelog(client, names[partition], partition, given_up)
    finally:
        client.close()
