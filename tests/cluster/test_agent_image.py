from e2e.cluster import agent_image, paths
from e2e.cluster.agent_image import files
from e2e.cluster.stages import digest_of_tree


def project(root):
    (root / "agent" / "__pycache__").mkdir(parents=True)
    for name in ("Dockerfile", "pyproject.toml", "agent/cli.py", "agent/__pycache__/cli.pyc", "notes.txt"):
        (root / name).write_text(name)
    return root


def digest(root):
    return digest_of_tree(files(root), root)


def test_a_change_in_the_program_changes_the_image(tmp_path):
    before = digest(project(tmp_path))
    (tmp_path / "agent" / "cli.py").write_text("changed")
    assert digest(tmp_path) != before


def test_what_the_dockerfile_does_not_copy_changes_nothing(tmp_path):
    before = digest(project(tmp_path))
    (tmp_path / "notes.txt").write_text("changed")
    (tmp_path / "agent" / "__pycache__" / "cli.pyc").write_text("changed")
    assert digest(tmp_path) == before


def test_everything_that_the_dockerfile_copies_is_an_input():
    copied = [
        source
        for line in (paths.PROJECT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    assert copied
    assert set(copied) <= set(agent_image.INPUTS)


def test_the_tag_is_not_latest_and_names_the_checkout():
    assert agent_image.tag().startswith("incident-agent:dev-")
