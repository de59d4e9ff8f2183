"""Make one CloudFormation template, and the code it deploys, of the Chalice app and infra/template.yaml.

This is `chalice package --merge-template infra/template.yaml`, of chalice's own parts, but for three things:

* `@app.on_s3_event` packages. Chalice refuses it, as CloudFormation cannot add a notification to a bucket it
  does not own. This stack owns its bucket, and template.yaml holds the notification; the permission is added.
* The local stage has no layer of libraries: the emulator runs the functions with the Python it runs in, which
  has them, and wheels made for Lambda's Linux would break it on any other machine.
* The local stage deletes clean; every other keeps its table and its bucket.
"""

import io
import json
import shutil
from collections.abc import Iterator
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
from chalice.deploy.packager import (
    AppOnlyDeploymentPackager,
    DependencyBuilder,
    EmptyPackageError,
    LayerDeploymentPackager,
    MissingDependencyError,
    PipRunner,
    SubprocessPip,
)
from chalice.deploy.swagger import CFNSwaggerGenerator
from chalice.package import (
    PackageOptions,
    ResourceBuilder,
    SAMTemplateGenerator,
    TemplateDeepMerger,
    YAMLTemplateSerializer,
)
from chalice.policy import AppPolicyGenerator
from chalice.utils import UI, OSUtils, to_cfn_resource_name

PROJECT = Path(__file__).resolve().parent.parent
CREDENTIALS = "method.request.header.Authorization"
LOCAL = "local"  # the stage of the emulator; every other runs on AWS

Template = dict[str, Any]


def package(stage: str, out: Path, *, layer: bool = True) -> Path:
    """Write a stage's SAM template, and the zip files it names, into `out`; return the path of the template.

    The layer is built once for each change of requirements.txt, from PyPI. With `layer=False` its zip file is
    left out: the template is the same, to look at and not to deploy.

    Raises:
        RuntimeError: a library has no wheel for Lambda; the message names it.

    """
    out.mkdir(parents=True, exist_ok=True)
    config = CLIFactory(str(PROJECT)).create_config_obj(stage)
    files = _SourceFiles()
    pip = DependencyBuilder(files, PipRunner(SubprocessPip(files), files), config.lambda_architecture)
    code = _AppCode(files, pip, UI(out=io.StringIO()), config.lambda_architecture)
    code.zip_file = out / "code.zip"
    libraries = _Layer(files, pip, UI(out=io.StringIO()), config.lambda_architecture)
    libraries.wanted, libraries.built = stage != LOCAL, layer
    steps = [
        InjectDefaults(),
        ManagedLayerDeploymentPackager(code, libraries),
        PolicyGenerator(AppPolicyGenerator(files), files),
        SwaggerBuilder(CFNSwaggerGenerator()),
    ]
    builder = ResourceBuilder(ApplicationGraphBuilder(), ResourceOrder(), BuildStage(steps))
    generated = _Generator(config, _Principals()).generate(builder.construct_resources(config, stage))
    template: Template = TemplateDeepMerger().merge(source_template(), generated)
    template["Parameters"]["Stage"]["Default"] = stage
    if stage == LOCAL:
        for kept in ("Table", "Bucket", "BucketPolicy"):
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                del template["Resources"][kept][policy]
        api = template["Resources"]["RestAPI"]["Properties"]
        schemes = api["DefinitionBody"]["securityDefinitions"]
        # MiniStack knows no address there, and takes it for credentials that are missing.
        schemes["authorize"]["x-amazon-apigateway-authorizer"]["identitySource"] = CREDENTIALS
        # MiniStack does not look for them in the definition.
        api["BinaryMediaTypes"] = api["DefinitionBody"]["x-amazon-apigateway-binary-media-types"]
        # MiniStack takes every parameter for text, and would compare this one with a number.
        scaling = template["Resources"]["Load"]["Properties"]["Events"]["LoadSqsEventSource"]["Properties"]
        scaling["ScalingConfig"] = {
            "MaximumConcurrency": template["Parameters"].pop("LoadConcurrency")["Default"]
        }
    _name_zip_files(template, out)
    path = out / "sam.json"
    path.write_text(json.dumps(template, indent=1) + "\n")
    return path


def source_template() -> Template:
    """infra/template.yaml, its !Tags spelled out."""
    path = PROJECT / "infra" / "template.yaml"
    template: Template = YAMLTemplateSerializer().load_template(path.read_text(), str(path))
    return template


def table_definition() -> dict[str, Any]:
    """The arguments of `dynamodb.create_table`, less its TableName, for a table such as the stack's own."""
    properties = source_template()["Resources"]["Table"]["Properties"]
    shape = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    return {name: properties[name] for name in shape}


def _name_zip_files(template: Template, out: Path) -> None:
    """Let the template name its zip files relative to itself; copy the layer, which chalice keeps, there."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if "CodeUri" in properties:
            properties["CodeUri"] = "code.zip"
        if "ContentUri" in properties:
            built = Path(properties["ContentUri"])
            if built.is_file():
                shutil.copyfile(built, out / "layer.zip")
            properties["ContentUri"] = "layer.zip"


class _SourceFiles(OSUtils):
    """The files of the project, without what Python leaves among them, and in one order on every machine.

    Chalice zips without dates: the same code gives the same zip file, and deploying it says: no change.
    """

    def walk(
        self,
        path: str,
        followlinks: bool = False,  # noqa: FBT001, FBT002 - as chalice has it
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        for root, folders, names in super().walk(path, followlinks):
            folders[:] = sorted(folder for folder in folders if folder != "__pycache__")
            yield root, folders, sorted(names)


class _AppCode(AppOnlyDeploymentPackager):
    """app.py, chalicelib and chalice's runtime, zipped anew each time.

    Chalice keeps them all, and takes an old one if the contents hash alike, whatever the files are called.
    """

    zip_file: Path

    def create_deployment_package(self, project_dir: str, python_version: str) -> str:
        self.zip_file.unlink(missing_ok=True)
        return super().create_deployment_package(project_dir, python_version)

    def deployment_package_filename(self, project_dir: str, python_version: str) -> str:  # noqa: ARG002
        return str(self.zip_file)


class _Layer(LayerDeploymentPackager):
    """What requirements.txt names, as wheels for Lambda."""

    wanted = True
    built = True

    def create_deployment_package(self, project_dir: str, python_version: str) -> str:
        if not self.wanted:
            raise EmptyPackageError("chalice leaves an empty layer out")
        if not self.built:
            return "not built"
        return super().create_deployment_package(project_dir, python_version)

    def _build_python_dependencies(
        self, python_version: str, requirements_filepath: str, site_packages_dir: str
    ) -> None:
        abi = self._RUNTIME_TO_ABI[python_version]
        try:
            self._dependency_builder.build_site_packages(abi, requirements_filepath, site_packages_dir)
        except MissingDependencyError as error:  # chalice prints it, and deploys what cannot run
            names = ", ".join(sorted(package.identifier for package in error.missing))
            raise RuntimeError(f"no wheel for {python_version} on Lambda: {names}") from error


class _Principals(PackageOptions):
    """The names of AWS services, without the AWS client (and the region) that chalice asks for them."""

    def __init__(self) -> None:
        pass

    def service_principal(self, service: str) -> str:
        return f"{service}.amazonaws.com"


class _Generator(SAMTemplateGenerator):
    """Chalice's generator, with @on_s3_event, and a layer that goes when its stack goes."""

    def _generate_s3bucketnotification(
        self, resource: models.S3BucketNotification, template: Template
    ) -> None:
        function = to_cfn_resource_name(resource.lambda_function.resource_name)
        # The bucket by its name: it waits for this permission, so a Ref would be a circle.
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
