import threading

import pytest

from e2e.cluster import stages
from e2e.cluster.errors import ClusterError
from e2e.cluster.stages import Stage, build, digest_of, digest_of_tree, duration, order


def stage(name="one", made=None, inputs=None, needs=(), make=None, images=()):
    def default(out, shell):
        (out / "file").write_text("done")
        if made is not None:
            made.append(name)

    return Stage(name, f"building {name}", 1, inputs or {}, make or default, needs, images)


def test_a_built_stage_is_not_built_again():
    made: list[str] = []
    build([stage(made=made)])
    build([stage(made=made)])
    assert made == ["one"]


def test_a_changed_input_builds_again():
    made: list[str] = []
    build([stage(made=made, inputs={"version": "1"})])
    build([stage(made=made, inputs={"version": "2"})])
    assert made == ["one", "one"]


def test_a_change_in_what_a_stage_needs_changes_the_stage():
    first, second = (stage("top", needs=(stage("base", inputs={"version": v}),)) for v in "12")
    assert first.digest != second.digest


def test_a_stage_comes_after_its_needs_and_only_once():
    base = stage("base")
    left, right = stage("left", needs=(base,)), stage("right", needs=(base,))
    assert [one.name for one in order([left, right])] == ["base", "left", "right"]


def test_an_interrupted_build_leaves_nothing_that_looks_finished():
    def interrupted(out, shell):
        (out / "file").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build([stage(make=interrupted)])
    assert not stage(make=interrupted).complete()


def test_after_an_interruption_the_build_goes_on_and_removes_the_half():
    def interrupted(out, shell):
        (out / "half").write_text("half")
        raise KeyboardInterrupt

    made: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        build([stage("done", made=made), stage(make=interrupted)])
    build([stage("done", made=made), stage(made=made)])
    assert made == ["done", "one"]
    assert [file.name for file in stage().output.iterdir()] == ["file"]
    assert not list(stage().folder.glob("*.tmp"))


def test_a_failing_stage_is_named_with_its_log_and_its_log_has_what_was_printed():
    def failing(out, shell):
        shell.run("sh", "-c", "echo the compiler says no; exit 3")

    failed = stage("kubernetes", make=failing)
    with pytest.raises(ClusterError) as caught:
        build([failed])
    said = str(caught.value)
    assert "stage kubernetes failed" in said and "status 3" in said and str(failed.log) in said
    assert "\n" not in said
    assert "the compiler says no" in failed.log.read_text()


def test_an_output_whose_image_the_engine_lost_is_built_again(monkeypatch):
    made: list[str] = []
    present = True
    monkeypatch.setattr(stages, "image_present", lambda tag: present)
    build([stage(made=made, images=("incident-agent/one:1",))])
    present = False
    build([stage(made=made, images=("incident-agent/one:1",))])
    assert made == ["one", "one"]


def test_two_builds_at_once_build_once():
    made: list[str] = []
    entered, release = threading.Event(), threading.Event()

    def slow(out, shell):
        made.append("one")
        entered.set()
        release.wait(10)

    builders = [threading.Thread(target=build, args=([stage(make=slow)],)) for _ in range(2)]
    builders[0].start()
    assert entered.wait(10)
    builders[1].start()
    release.set()
    for builder in builders:
        builder.join(10)
    assert made == ["one"]


def test_the_terminal_hears_what_is_built_how_many_and_how_much_is_left(capsys):
    build([stage("first"), stage("second")])
    said = capsys.readouterr().err
    assert "[1/2] first: building first (about 1 s; all that is left, about 2 s)" in said
    assert "[2/2] second: done in" in said


def test_the_digest_of_files_does_not_depend_on_their_order_or_place(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for name in ("x", "y"):
            (tmp_path / folder / name).write_text(name)
    first = digest_of([tmp_path / "a" / "x", tmp_path / "a" / "y"])
    assert first == digest_of([tmp_path / "b" / "y", tmp_path / "b" / "x"])


def test_the_digest_of_a_tree_sees_a_moved_file(tmp_path):
    (tmp_path / "sub").mkdir()
    before = tmp_path / "file"
    before.write_text("same")
    first = digest_of_tree([before], tmp_path)
    assert first != digest_of_tree([before.rename(tmp_path / "sub" / "file")], tmp_path)


@pytest.mark.parametrize(("seconds", "shown"), [(4.4, "4 s"), (60, "1 min 0 s"), (394.5, "6 min 34 s")])
def test_a_duration_is_said_in_minutes_and_seconds(seconds, shown):
    assert duration(seconds) == shown


def test_a_program_that_is_not_installed_is_named():
    def make(out, shell):
        shell.run("no-such-compiler", "build")

    with pytest.raises(
        ClusterError, match="stage one failed: `no-such-compiler` is needed and is not on PATH"
    ):
        build([stage(make=make)])
