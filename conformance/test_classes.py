# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Classes: `@app.cls`, `enter`, `exit`, methods, `modal.parameter`, `Cls.from_name`."""

import asyncio

import classy
import modal
import pytest
from serai_conformance.platform import Platform, api
from serai_conformance.poll import eventually
from serai_conformance.terminal import modal as cli
from serai_conformance.terminal import python


@pytest.fixture(scope="module", autouse=True)
def app():
    with classy.app.run() as running:
        yield running


def test_given_a_class_when_its_methods_are_called_then_they_share_an_instance():
    counter = classy.Counter()
    before = counter.add.remote(1)
    assert counter.add.remote() == before + 1
    assert classy.Counter().add_later.remote(3) == before + 4


def test_given_enter_methods_when_the_first_call_comes_then_all_of_them_ran_once():
    entered, first = classy.Counter().how.remote()
    assert sorted(entered) == ["async", "sync"]
    assert classy.Counter().how.remote() == (entered, first)


def test_given_generator_methods_when_they_are_iterated_then_their_values_come_in_order():
    counter = classy.Counter()
    assert list(counter.up_to.remote_gen(5)) == [0, 1, 2, 3, 4]

    async def consume():
        return [x async for x in counter.down_from.remote_gen.aio(3)]

    assert asyncio.run(consume()) == [3, 2, 1]


def test_given_a_method_that_calls_another_locally_when_called_then_it_is_the_same_instance():
    counter = classy.Counter()
    now = counter.add.remote(0)
    assert counter.twice.remote(2) == (now + 2) + (now + 4)


def test_given_a_method_that_fails_when_called_then_its_exception_is_raised():
    with pytest.raises(ValueError, match="on purpose"):
        classy.Counter().fail.remote("on purpose")


def test_given_a_method_when_it_is_mapped_and_spawned_then_every_input_has_its_result():
    assert list(classy.Greeter(greeting="hi").greet.map(["a", "b", "c"])) == ["hi a!", "hi b!", "hi c!"]
    spawned = classy.Greeter(greeting="hi").greet.spawn("d")
    assert spawned.get(timeout=60) == "hi d!"


def test_given_parameters_when_methods_are_called_then_the_instance_has_them_and_their_defaults():
    assert classy.Greeter(greeting="ho", times=2).greet.remote("x") == "ho ho x!"
    assert classy.Greeter(greeting="ho", loud=True, sign=b"?").greet.remote("x") == "HO X?"


def test_given_other_parameters_when_called_then_other_containers_answer_and_the_same_ones_share_theirs():
    made_a, task_a = classy.Greeter(greeting="a").where.remote()
    made_b, task_b = classy.Greeter(greeting="b").where.remote()
    assert (made_a, made_b) == ("a1", "b1")
    assert task_a != task_b
    assert classy.Greeter(greeting="a").where.remote() == (made_a, task_a)


def test_given_a_parameter_without_a_value_when_bound_then_it_is_refused_by_name():
    with pytest.raises(modal.exception.InvalidError, match="greeting"):
        classy.Greeter(times=3).greet.remote("x")


def test_given_a_function_when_it_calls_a_class_with_parameters_then_it_gets_the_result():
    assert classy.greet_from_inside.remote("there") == "hey hey there!"


def test_given_a_class_when_called_locally_then_no_container_is_asked():
    counter = classy.Counter()
    assert counter.add.local(2) == 2
    assert counter.add.local(2) == 4


def test_given_a_container_that_is_scaled_down_when_it_ends_then_the_exit_method_ran(app: modal.App, platform: Platform):
    client = api(platform.api_token)
    quick = classy.Counter.with_options(scaledown_window=2)
    assert quick().add.remote(7) == 7

    def logs() -> bool:
        return "counted to 7 at the end" in client.get(f"/apps/{app.app_id}/logs").text

    eventually(logs, 60, "the last line of the exit method", every=0.5)


def test_given_a_deployed_class_when_it_is_looked_up_elsewhere_then_its_methods_can_be_called(app_name: str):
    cli("deploy", "--name", app_name, "classy.py").ok()
    program = f"""
import modal
Greeter = modal.Cls.from_name({app_name!r}, "Greeter")
print(Greeter(greeting="hallo", times=2).greet.remote("du"))
print(sorted(modal.Cls.from_name({app_name!r}, "Counter")().up_to.remote_gen(3)))
"""
    assert python("-c", program).ok().stdout.splitlines() == ["hallo hallo du!", "[0, 1, 2]"]


def test_given_a_deployed_class_when_it_is_deployed_again_then_its_variants_follow(app_name: str):
    cli("deploy", "--name", app_name, "classy.py").ok()
    greeter = modal.Cls.from_name(app_name, "Greeter")(greeting="a")
    patient = modal.Cls.from_name(app_name, "Plain").with_options(timeout=120)()
    _, first = greeter.where.remote()
    second = patient.where.remote()
    cli("deploy", "--name", app_name, "classy.py").ok()
    _, third = greeter.where.remote()
    assert third != first
    assert patient.where.remote() != second


def test_given_a_class_when_it_is_looked_up_as_a_function_then_the_client_says_what_to_use(app_name: str):
    cli("deploy", "--name", app_name, "classy.py").ok()
    with pytest.raises(modal.exception.NotFoundError, match=r"is a (modal\.Cls|class)"):
        modal.Function.from_name(app_name, "Counter").hydrate()
    with pytest.raises(modal.exception.NotFoundError, match="Nobody"):
        modal.Cls.from_name(app_name, "Nobody").hydrate()


def test_given_a_class_when_it_has_no_such_method_then_the_client_says_so(app_name: str):
    cli("deploy", "--name", app_name, "classy.py").ok()
    with pytest.raises(modal.exception.NotFoundError, match="no method"):
        modal.Cls.from_name(app_name, "Counter")().nothing.remote()
