"""Engines and fixtures. Tests run on real engines; each test has an account id of its own.

AWS_ENDPOINT_URL chooses the engine of all services, AWS_ENDPOINT_URL_DYNAMODB that of the table. Without them, the
suite starts a MiniStack on a free port.
"""

import json
import os
import uuid
from collections.abc import Iterator

import boto3
import hypothesis
import pytest

from chalicelib import config
from chalicelib.access.model import NewToken
from chalicelib.members.repository import MemberRepository
from chalicelib.members.search import MemberSearch
from chalicelib.services import Services
from chalicelib.services import services as build_services
from infra.emulator import started
from infra.package import table_definition
from tests.support import EXAMPLES
from tests.support.client import Http
from tests.support.pipeline import Pipeline

# Each takes a quarter of a minute and more.
SLOW_FILES = {
    *("test_bench.py", "test_corpus.py", "test_corpus_by_command.py", "test_corpus_by_request.py"),
    *("test_end_to_end.py", "test_errors.py", "test_faults.py", "test_imports.py", "test_layer.py"),
    *("test_local.py", "test_many_files.py", "test_policies.py", "test_row_writes_model.py"),
    *("test_settlement.py", "test_sync_undo.py", "test_throttling.py", "test_undo.py"),
}

TRACED_SEEDS = 50


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts slow files first: processes get whole files in this order, and a slow one at the end would run alone.

    Random inputs but the first seeds are not traced for coverage, which doubles their time and finds no new line.
    """
    items.sort(key=lambda item: item.path.name not in SLOW_FILES)
    for item in items:
        if isinstance(item, pytest.Function) and _has_random_input(item):
            item.add_marker("no_cover")


def _has_random_input(test: pytest.Function) -> bool:
    seed = test.callspec.params.get("seed") if hasattr(test, "callspec") else None
    late = isinstance(seed, int) and seed >= TRACED_SEEDS
    return late or bool(getattr(test.obj, "is_hypothesis_test", False))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Returns the number of test processes: with `-n logical` one a core, and with `-n auto` one more.

    A process waits for its emulator or browser a third of the time; one with unit tests never waits.
    """
    return (os.cpu_count() or 1) + int(config.option.numprocesses == "auto")


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    """Yield the address of the engine, with the environment set for it."""
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        yield endpoint
        return
    chosen = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB")
    with started() as emulator:
        os.environ.update({name: v for name, v in emulator.environment.items() if name.startswith("AWS_")})
        if chosen:
            os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = chosen
        yield emulator.endpoint


@pytest.fixture(scope="module")
def settings(engine: str) -> Iterator[object]:
    """Yields the settings of a table, a bucket and three queues of one module: checks scan its table."""
    name = f"rollcall-test-{uuid.uuid4().hex[:8]}"
    config.dynamodb().create_table(**{**table_definition(), "TableName": name})
    config.s3().create_bucket(Bucket=name)
    config.s3().put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    os.environ |= {"TABLE_NAME": name, "BUCKET_NAME": name, "LOGINS_PER_SECOND": "1000"}
    for kind in ("split", "load", "export"):
        queue = config.sqs().create_queue(QueueName=f"{name}-{kind}")["QueueUrl"]
        os.environ[f"{kind.upper()}_QUEUE_URL"] = queue
    config.settings.cache_clear()
    build_services.cache_clear()
    yield config.settings()
    config.dynamodb().delete_table(TableName=name)


@pytest.fixture
def account() -> str:
    """Return an account id that no other test uses."""
    return f"acc-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def pipeline(settings: object) -> Pipeline:
    """Return the import pipeline over the module's table."""
    return Pipeline()


@pytest.fixture(scope="module")
def services(settings: config.Settings) -> Services:
    """Returns the services over the module's table."""
    return Services(settings, config.client)


@pytest.fixture(scope="module")
def http(services: Services) -> Http:
    """A caller of the API over the module's table, who may do everything."""
    from app import app

    token = services.tokens.create(NewToken(name="tests", groups=["admins"]))
    return Http(app).bearer(token.text)


@pytest.fixture
def members(services: Services) -> MemberRepository:
    """The operations on members in the module's table."""
    return services.members


@pytest.fixture
def table(members: MemberRepository) -> MemberRepository:
    """Another name of `members`."""
    return members


@pytest.fixture
def member_search(services: Services) -> MemberSearch:
    """The searches over the module's table."""
    return services.member_search


@pytest.fixture(scope="module")
def stage(settings: config.Settings) -> Iterator[None]:
    """Run the test beside a stack rollcall-local with the outputs of a deployed one, and no resources of it."""
    # On the emulator, also when the table is on another engine.
    cloudformation = boto3.client("cloudformation")
    outputs = {
        "TableName": settings.table_name,
        "BucketName": settings.bucket_name,
        "SplitQueueUrl": settings.split_queue_url,
        "LoadQueueUrl": settings.load_queue_url,
        "ExportQueueUrl": settings.export_queue_url,
    }
    template = {
        "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    cloudformation.create_stack(StackName="rollcall-local", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="rollcall-local", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    yield
    cloudformation.delete_stack(StackName="rollcall-local")


# The same examples on every run, without a time limit.
hypothesis.settings.register_profile(
    "suite", derandomize=True, deadline=None, database=None, max_examples=EXAMPLES
)
hypothesis.settings.load_profile("suite")
