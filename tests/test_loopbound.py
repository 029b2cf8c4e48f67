"""The `loopbound` command fronts the folders' command lines."""

import pytest

import loopbound


def test_it_passes_the_arguments_on(capsys):
    argv = ["inflation", "--workflow", "accumulate", "--n", "10", "--generations", "2"]
    assert loopbound.main(["theory", *argv]) == 0
    assert "1.25" in capsys.readouterr().out


def test_help_lists_the_folders(capsys):
    with pytest.raises(SystemExit) as stop:
        loopbound.main(["--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert all(folder in out for folder in ("theory", "montecarlo", "validation", "paper_figures"))


def test_an_unknown_folder_is_one_line_and_exit_status_two(capsys):
    with pytest.raises(SystemExit) as stop:
        loopbound.main(["theorem"])
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "'theorem'" in err


@pytest.mark.parametrize("folder", ["theory", "montecarlo", "validation", "paper_figures"])
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_every_folder_answers_help_and_version(folder, option, capsys):
    assert loopbound.main([folder, option]) == 0
    out = capsys.readouterr().out
    assert "example" in out if option == "--help" else "loopbound" in out
