import asyncio
import gc

import pytest

from aiohttp_client._net.clock import TICK, Clock

RESOLUTION = 0.001  # seconds: uvloop counts whole milliseconds


class Owner:
    def __init__(self):
        self.fired = []

    def expired(self, lane):
        self.fired.append((asyncio.get_running_loop().time(), lane))


async def until(condition):
    while not condition():
        await asyncio.sleep(0.01)


async def test_an_exact_lane_is_never_early():
    loop = asyncio.get_running_loop()
    owner = Owner()
    lane = Clock(loop).lane(0.05, threshold=5)
    start = loop.time()
    lane.arm(owner)
    await until(lambda: owner.fired)
    assert owner.fired[0][0] >= start + 0.05 - RESOLUTION
    assert owner.fired[0][1] is lane


async def test_a_coarse_lane_is_never_early_and_expires_in_order():
    loop = asyncio.get_running_loop()
    clock = Clock(loop)
    lane = clock.lane(0.1, threshold=0)
    owners = [Owner() for _ in range(3)]
    start = loop.time()
    for owner in owners:
        lane.arm(owner)
    await until(lambda: all(owner.fired for owner in owners))
    times = [owner.fired[0][0] for owner in owners]
    assert times == sorted(times)
    assert times[0] >= start + 0.1 - RESOLUTION
    assert clock._timer is None, "nothing is armed, so nothing may tick"


async def test_a_disarmed_deadline_does_not_fire():
    clock = Clock(asyncio.get_running_loop())
    for threshold in (0, 5):
        lane = clock.lane(0.02, threshold)
        kept, dropped = Owner(), Owner()
        lane.arm(dropped)
        lane.arm(kept)
        lane.disarm(dropped)
        lane.disarm(dropped)
        await until(lambda kept=kept: kept.fired)
        assert not dropped.fired


async def test_arming_again_starts_anew():
    loop = asyncio.get_running_loop()
    lane = Clock(loop).lane(0.2, threshold=0)
    first, second = Owner(), Owner()
    lane.arm(first)
    lane.arm(second)
    await asyncio.sleep(0.05)
    again = loop.time()
    lane.arm(first)
    await until(lambda: first.fired and second.fired)
    assert first.fired[0][0] >= again + 0.2 - RESOLUTION
    assert len(first.fired) == 1


async def test_an_owner_disarmed_by_another_one_s_expiry_is_spared():
    lane = Clock(asyncio.get_running_loop()).lane(0.01, threshold=0)
    spared = Owner()

    class Disarms(Owner):
        def expired(self, lane):
            super().expired(lane)
            lane.disarm(spared)

    first, last = Disarms(), Owner()
    for owner in (first, spared, last):
        lane.arm(owner)
    await until(lambda: last.fired)
    assert first.fired and not spared.fired


async def test_lanes_of_equal_length_are_one():
    clock = Clock(asyncio.get_running_loop())
    assert clock.lane(300, 5) is clock.lane(300, 5)
    assert clock.lane(3, 5) is clock.lane(3, 5)
    assert TICK <= 0.5


@pytest.mark.parametrize("threshold", [0, 500], ids=["coarse", "exact"])
async def test_what_is_left_of_a_limit_expires_at_its_end(threshold):
    loop = asyncio.get_running_loop()
    first, spared, last = Owner(), Owner(), Owner()
    when = loop.time() + 0.03
    lane = Clock(loop).until(when, 300, threshold)
    assert lane.seconds == 300
    for owner in (first, spared, last):
        lane.arm(owner)
    lane.arm(first)  # a second time: it began when it began
    lane.disarm(spared)
    lane.disarm(spared)
    await until(lambda: first.fired and last.fired)
    late = first.fired[0][0] - when
    assert late >= -RESOLUTION and len(first.fired) == 1
    assert not spared.fired


async def test_what_is_left_of_limits_that_end_together_is_one_lane_until_nobody_has_it():
    clock = Clock(asyncio.get_running_loop())
    owner = Owner()
    lane = clock.until(1000.01, 300, 5)
    assert lane is clock.until(1000.02, 300, 5)
    assert lane is not clock.until(1000.02, 301, 5)
    assert lane is not clock.until(1000.6, 300, 5)
    lane.arm(owner)
    del lane
    clock.until(1000.02, 300, 5).disarm(owner)
    gc.collect()
    assert not clock._rests and not clock._armed


async def test_a_stopped_clock_forgets():
    clock = Clock(asyncio.get_running_loop())
    owner = Owner()
    clock.lane(0.01, 0).arm(owner)
    clock.until(asyncio.get_running_loop().time(), 300, 5).arm(owner)
    clock.stop()
    await asyncio.sleep(TICK + 0.1)
    assert not owner.fired
