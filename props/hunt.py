"""Many stories a second: made by a plain random number generator instead of by
Hypothesis, and made smaller by leaving out what is not needed."""
import copy
import random

from generate import Dice, profile, scenario


def story(number):
    source = random.Random(number)
    dice = Dice(None)
    dice.int = source.randint
    made = profile(dice), scenario(dice)
    return *made, dice.int(0, 2**32 - 1)


def simpler(value):
    """Copies of a JSON value, each with one thing left out or simpler."""
    if isinstance(value, dict):
        for key in value:
            yield {each: value[each] for each in value if each != key}
            for inside in simpler(value[key]):
                yield {**value, key: inside}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield value[:index] + value[index + 1:]
            for inside in simpler(item):
                yield [*value[:index], inside, *value[index + 1:]]
    elif isinstance(value, str) and value[:-2].isdigit() and value.endswith("ms"):
        number = int(value[:-2])  # never shorter than what tells limits apart
        smaller = (number % 1000 + 1000, number % 100 + 100)
        yield from (f"{less}ms" for less in smaller if less < number)


def shrunk(failing, *parts):
    """The parts of a story, as simple as they can be with failing(*parts) true."""
    parts = copy.deepcopy(parts)
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for index, part in enumerate(parts):
            for less in simpler(part):
                candidate = (*parts[:index], less, *parts[index + 1:])
                if failing(*candidate):
                    parts, is_smaller = candidate, True
                    break
            if is_smaller:
                break
    return parts
