# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Which RPCs that functions, apps, images, logs and secrets need are answered, and why the others are not. A program: a table."""

import os

from grpclib import Status

from serai_conformance.protocol import METHODS, Caller

#: Running, deploying and calling; then what people do with apps, images, logs, secrets, proxy tokens and environments.
NEEDED = """
AppClientDisconnect AppCreate AppGetByDeploymentName AppGetLayout AppGetLogs AppHeartbeat AppPublish AppStop BlobCreate BlobGet
ClassCreate ClassGet ClientHello ContainerHeartbeat ContainerHello ContainerStop EnvironmentGetOrCreate FunctionBindParams
FunctionCallCancel FunctionCallFromId FunctionCallGetDataIn FunctionCallGetDataOut FunctionCallPutDataOut FunctionCreate
FunctionGet FunctionGetById FunctionGetDynamicConcurrency FunctionGetInputs FunctionGetOutputs FunctionMap FunctionPrecreate
FunctionPutInputs FunctionPutOutputs FunctionRetryInputs FunctionUpdateSchedulingParams ImageGetOrCreate ImageJoinStreaming
MountBatchedCheckExistence MountGetOrCreate MountPutFile SecretGetOrCreate TaskResult VolumeGetOrCreate WorkspaceNameLookup
AppCountLogs AppDeploymentHistory AppFetchLogs AppGetInfo AppGetLifecycle AppGetOrCreate AppGetTags AppList AppRollback
AppRollover AppSetTags AuthTokenGet CliCommandSuggest ContainerServerLifecycleReady EnvironmentCreate EnvironmentDelete
EnvironmentList EnvironmentUpdate FlashContainerList FunctionFinishInputs FunctionGetCallGraph FunctionGetCurrentStats
FunctionGetSchedulingParams FunctionListVariants ImageBuildChainGet ImageDelete ImageFromId ImageGetByTag ImageListTags
ImageNameDelete ImagePublish ImageTagRevisions SecretDelete SecretGetInfo SecretList SecretUpdate TaskGetInfo TaskList TokenDelete
TokenFlowCreate TokenFlowWait TokenInfoGet WebhookTokenCreate WebhookTokenDelete WebhookTokenList WebhookTokenListForEnvironment
WebhookTokenUpdate WorkspaceBillingReport WorkspaceDashboardUrlGet
""".split()

#: Why one is not answered. One that is neither answered nor here makes the table say so.
REASONS = {
    "AuthTokenGet": "only sandboxes and the input plane need it, and there are neither",
    "FunctionRetryInputs": "retries are the server's: no client is told to send it",
    "ImageDelete": "layers go when nobody needs them ([collection](images.md#collection-of-garbage)); `modal image names delete` works",
    "TokenFlowCreate": "there is no sign-in page: `./serai token create` makes tokens",
    "TokenFlowWait": "there is no sign-in page: `./serai token create` makes tokens",
    "VolumeGetOrCreate": "there are no volumes",
    "WorkspaceBillingReport": "there are no prices",
}

#: What is answered, and would take the caller's own token away or leave a new one.
UNASKED = {"TokenDelete", "WebhookTokenCreate"}


def table() -> str:
    """:return: in Markdown, as the running platform answers"""
    known = {method.name: method for method in METHODS}
    asked = [name for name in NEEDED if name in known and name not in UNASKED]
    caller = Caller(os.environ["MODAL_TOKEN_ID"], os.environ["MODAL_TOKEN_SECRET"], patience=3)
    answers = dict(zip(asked, caller.all((known[name], b"") for name in asked), strict=True))
    rows = ["| RPC | |", "| --- | --- |"]
    for name in sorted(NEEDED):
        answer = answers.get(name)
        missing = name not in UNASKED and (answer is None or answer.status == Status.UNIMPLEMENTED)
        rows.append(f"| {name} | {REASONS.get(name, 'not available, and nobody has said why') if missing else 'answered'} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
