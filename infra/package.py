"""Packages the Chalice app and infra/template*.yaml as one CloudFormation template with its code.

This does what `chalice package --merge-template infra/template.yaml` does, with Chalice's own classes and three
differences:

* It packages `@app.on_s3_event`. Chalice refuses it, because CloudFormation cannot add a notification to a bucket
  outside the stack. This stack has its own bucket: template.yaml holds the notification, and this module adds the
  permission.
* On the emulator there is no layer of libraries: it runs the functions with its own Python, which has them,
  and wheels for Lambda's Linux would fail on other machines.
* Deleting the stage local deletes everything; other stages keep their table and bucket.
"""

import copy
import functools
import io
import json
import shutil
from pathlib import Path
from typing import Any

from chalice.cli.factory import CLIFactory
from chalice.deploy import models
from chalice.deploy.appgraph import ApplicationGraphBuilder
from chalice.deploy.appgraph import DependencyBuilder as ResourceOrder
from chalice.deploy.deployer import (
    BuildStage,
    InjectDefaults,
    ManagedLayerDeploymentPackager,
    PolicyGenerator,
    SwaggerBuilder,
)
from chalice.deploy.packager import DependencyBuilder, PipRunner, SubprocessPip
from chalice.deploy.swagger import CFNSwaggerGenerator
from chalice.package import (
    PackageOptions,
    ResourceBuilder,
    SAMTemplateGenerator,
    TemplateDeepMerger,
    YAMLTemplateSerializer,
)
from chalice.policy import AppPolicyGenerator
from chalice.utils import UI, to_cfn_resource_name

from infra.bytecode import find_python
from infra.layer import AppCode, Layer, SortedFiles, SourceFiles
from infra.project import LOCAL, PROJECT

CREDENTIALS = "method.request.header.Authorization"

Template = dict[str, Any]


def package(stage: str, out: Path, *, layer: bool = True, emulator: bool = False) -> Path:
    """Writes a stage's SAM template, and the zip files it names, into `out`; returns the path of the template.

    The layer is built from PyPI, once for each change of requirements-lambda.txt. With `layer=False` its zip file is
    left out: the same template, but not deployable. The stage local is always packaged for the `emulator`. Where
    this machine has the Python that the template pins, the zip files for AWS have bytecode too.

    Raises:
        RuntimeError: a library has no wheel for Lambda, another hash, or cannot be downloaded; the message names it.

    """
    out.mkdir(parents=True, exist_ok=True)
    emulator = emulator or stage == LOCAL
    generated = _generate(stage, out, wanted=not emulator, layer=layer)
    template: Template = TemplateDeepMerger().merge(source_template(), generated)
    template["Parameters"]["Stage"]["Default"] = stage
    if emulator:
        _adapt_to_emulator(template)
    _pin_runtime(template)
    _name_zip_files(template, out)
    path = out / "sam.json"
    path.write_text(json.dumps(template, indent=1) + "\n")
    return path


def _generate(stage: str, out: Path, *, wanted: bool, layer: bool) -> Template:
    """Returns Chalice's SAM template of a stage; writes its code to `out`, and builds its layer."""
    config = CLIFactory(str(PROJECT)).create_config_obj(stage)
    files = SourceFiles()
    pip = DependencyBuilder(files, PipRunner(SubprocessPip(files), files), config.lambda_architecture)
    code = AppCode(files, pip, UI(out=io.StringIO()), config.lambda_architecture)
    code.zip_file = out / "code.zip"
    libraries = Layer(SortedFiles(), pip, UI(out=io.StringIO()), config.lambda_architecture)
    libraries.wanted, libraries.built, libraries.runtime = wanted, layer, runtime()
    if wanted and layer:
        code.python = libraries.python = find_python(runtime())
    steps = [
        InjectDefaults(),
        ManagedLayerDeploymentPackager(code, libraries),
        PolicyGenerator(AppPolicyGenerator(files), files),
        SwaggerBuilder(CFNSwaggerGenerator()),
    ]
    builder = ResourceBuilder(ApplicationGraphBuilder(), ResourceOrder(), BuildStage(steps))
    template: Template = _Generator(config, _Principals()).generate(
        builder.construct_resources(config, stage)
    )
    return template


def _adapt_to_emulator(template: Template) -> None:
    """Lets the stack delete everything, and works around MiniStack's differences from AWS."""
    resources = template["Resources"]
    for resource in resources.values():
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            resource.pop(policy, None)
    for name in [name for name, resource in resources.items() if "Metrics" in resource.get("Properties", {})]:
        del resources[name]  # MiniStack's alarms know no metric math
    api = resources["RestAPI"]["Properties"]
    authorizer = api["DefinitionBody"]["securityDefinitions"]["authorize"]["x-amazon-apigateway-authorizer"]
    authorizer["identitySource"] = CREDENTIALS  # MiniStack treats context.identity.sourceIp as missing
    # MiniStack does not read them from the definition.
    api["BinaryMediaTypes"] = api["DefinitionBody"]["x-amazon-apigateway-binary-media-types"]
    # MiniStack reads parameters as strings, and compares these with a number.
    for function in ("Split", "Load", "Export"):
        concurrency = template["Parameters"].pop(f"{function}Concurrency")["Default"]
        source = resources[function]["Properties"]["Events"][f"{function}SqsEventSource"]["Properties"]
        source["ScalingConfig"] = {"MaximumConcurrency": concurrency}


def runtime() -> str:
    """Returns Lambda's Python, such as python3.13, which the template pins."""
    pinned: str = source_template()["Globals"]["Function"]["Runtime"]
    return pinned


def _pin_runtime(template: Template) -> None:
    """Sets the pinned Python, in place of the one that packages: Chalice takes that."""
    for resource in template["Resources"].values():
        if resource.get("Type") == "AWS::Serverless::Function":
            resource["Properties"]["Runtime"] = runtime()
        if resource.get("Type") == "AWS::Serverless::LayerVersion":
            resource["Properties"]["CompatibleRuntimes"] = [runtime()]


def source_template() -> Template:
    """Returns infra/template*.yaml merged, with their !Tags as Fn:: keys; the caller may change it."""
    return copy.deepcopy(_parsed_template())


@functools.cache  # parsing takes a tenth of a second, and packaging needs it ten times
def _parsed_template() -> Template:
    template: Template = {}
    for path in sorted((PROJECT / "infra").glob("template*.yaml")):
        part: Template = YAMLTemplateSerializer().load_template(path.read_text(), str(path))
        template = TemplateDeepMerger().merge(part, template)
    return template


def table_definition() -> dict[str, Any]:
    """Returns the arguments of `dynamodb.create_table`, without TableName, for a table like the stack's."""
    properties = source_template()["Resources"]["Table"]["Properties"]
    for index in properties["GlobalSecondaryIndexes"]:
        del index["WarmThroughput"]  # a parameter of the stack
    shape = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    return {name: properties[name] for name in shape}


def _name_zip_files(template: Template, out: Path) -> None:
    """Names the zip files relative to the template; copies the layer from Chalice's cache to `out`."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if "CodeUri" in properties:
            properties["CodeUri"] = "code.zip"
        if "ContentUri" in properties:
            built = Path(properties["ContentUri"])
            if built.is_file():
                shutil.copyfile(built, out / "layer.zip")
            properties["ContentUri"] = "layer.zip"


class _Principals(PackageOptions):
    """The principals of AWS services, without Chalice's AWS client, which needs a region."""

    def __init__(self) -> None:
        pass

    def service_principal(self, service: str) -> str:
        return f"{service}.amazonaws.com"


class _Generator(SAMTemplateGenerator):
    """Chalice's generator, with @on_s3_event, and a layer that is deleted with its stack."""

    def _generate_s3bucketnotification(
        self, resource: models.S3BucketNotification, template: Template
    ) -> None:
        function = to_cfn_resource_name(resource.lambda_function.resource_name)
        # By name: the bucket depends on this permission, so a Ref would be circular.
        bucket = source_template()["Resources"]["Bucket"]["Properties"]["BucketName"]["Fn::Sub"]
        template["Resources"][f"{function}BucketPermission"] = {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": function},
                "Action": "lambda:InvokeFunction",
                "Principal": self._options.service_principal("s3"),
                "SourceAccount": {"Ref": "AWS::AccountId"},
                "SourceArn": {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{bucket}"},
            },
        }

    def _generate_lambdalayer(self, resource: models.LambdaLayer, template: Template) -> None:
        super()._generate_lambdalayer(resource, template)
        template["Resources"][self._chalice_layer]["Properties"]["RetentionPolicy"] = "Delete"
