"""What HfApi reads of a model, of a dataset with the same id, and of lists that name both."""

from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import RepositoryNotFoundError, paginate

WEIGHTS = "model.safetensors"


def of(repo, token):
    """Makes all the reads; returns the sha256 by path of each large file of the model."""
    api = HfApi(token=token)
    listed = lists(api, repo)
    try:
        info = api.model_info(repo, files_metadata=True)
    except RepositoryNotFoundError:
        assert repo not in listed, "a list names a repo that its reader may not see"
        raise
    assert repo in listed, listed
    files = {file.rfilename for file in info.siblings}
    entries(api, repo, files)
    history(api, repo, info.sha)
    existence(api, repo)
    dataset(api, repo)
    about(api, repo)
    papers(api)
    spaces(api)
    return {
        **{file.rfilename: file.lfs.sha256 for file in info.siblings if file.lfs},
        WEIGHTS: weights(api, repo, info.sha),
    }


def lists(api, repo):
    found = {model.id for model in api.list_models(search=repo, author="acme", filter="bert")}
    assert not list(api.list_models(search=repo, filter="no-such-label"))
    assert {data.id for data in api.list_datasets(search=repo, sort="downloads")} == found
    # As list_models does it; with a limit of its own it stops after the first page.
    paged = paginate(
        api.endpoint + "/api/models", {"search": repo, "limit": 1}, api._build_hf_headers()
    )
    assert {model["id"] for model in paged} == found
    return found


def entries(api, repo, files):
    """With expand, the Hub answers in pages of 50 entries."""
    assert len(files) > 50
    tree = list(api.list_repo_tree(repo, recursive=True, expand=True))
    assert {entry.path for entry in tree if isinstance(entry, RepoFile)} == files
    assert all(entry.last_commit.oid for entry in tree)
    assert set(api.list_repo_files(repo)) == files
    named = api.get_paths_info(repo, [WEIGHTS, "notes", "none"])
    assert {entry.path for entry in named} == {WEIGHTS, "notes"}


def history(api, repo, commit):
    refs = api.list_repo_refs(repo, include_pull_requests=True)
    assert [(branch.name, branch.target_commit) for branch in refs.branches] == [("main", commit)]
    assert [tag.name for tag in refs.tags] == ["v1.0"]
    assert [pull.ref for pull in refs.pull_requests] == ["refs/pr/1"]
    commits = [entry.commit_id for entry in api.list_repo_commits(repo)]
    assert len(commits) > 50 and commits[0] == commit


def existence(api, repo):
    assert api.repo_exists(repo)
    assert api.revision_exists(repo, "v1.0") and api.revision_exists(repo, "refs/pr/1")
    assert api.file_exists(repo, WEIGHTS)
    assert not api.file_exists(repo, "none")


def dataset(api, repo):
    info = api.dataset_info(repo)
    names = [file.rfilename for file in info.siblings]
    assert "data/train.csv" in names
    assert api.list_repo_files(repo, repo_type="dataset") == names


def about(api, repo):
    assert not list(api.get_repo_discussions(repo))
    assert not list(api.list_repo_likers(repo))


def papers(api):
    """Earlier generations have no read_paper."""
    if hasattr(api, "read_paper"):
        assert "2401.00001" in api.read_paper("2401.00001")


def spaces(api):
    """Earlier generations have neither."""
    if hasattr(api, "search_spaces"):
        assert list(api.search_spaces("plain"))
        assert [template.repo_id for template in api.list_space_templates()] == ["acme/plain"]


def weights(api, repo, commit):
    repo_header = api.get_safetensors_metadata(repo)
    assert set(api.parse_safetensors_file_metadata(repo, WEIGHTS).tensors) == set(
        repo_header.weight_map
    )
    file = api.get_hf_file_metadata(url=hf_hub_url(repo, WEIGHTS, endpoint=api.endpoint))
    assert file.commit_hash == commit
    return file.etag
