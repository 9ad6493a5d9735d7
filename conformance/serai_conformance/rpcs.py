# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Which RPCs that functions, apps, logs and secrets need are answered, and why the others are not. A program: a table."""

import os

from grpclib import Status

from serai_conformance.protocol import METHODS, Caller

#: Running, deploying and calling; then what people do with apps, logs, secrets and environments.
NEEDED = """
AppClientDisconnect AppCreate AppGetByDeploymentName AppGetLayout AppGetLogs AppHeartbeat AppPublish AppStop BlobCreate BlobGet
ClassCreate ClassGet ClientHello ContainerHeartbeat ContainerHello ContainerStop EnvironmentGetOrCreate FunctionBindParams
FunctionCallCancel FunctionCallFromId FunctionCallGetDataIn FunctionCallGetDataOut FunctionCallPutDataOut FunctionCreate
FunctionGet FunctionGetById FunctionGetDynamicConcurrency FunctionGetInputs FunctionGetOutputs FunctionMap FunctionPrecreate
FunctionPutInputs FunctionPutOutputs FunctionRetryInputs FunctionUpdateSchedulingParams ImageGetOrCreate ImageJoinStreaming
MountBatchedCheckExistence MountGetOrCreate MountPutFile SecretGetOrCreate TaskResult VolumeGetOrCreate WorkspaceNameLookup
AppCountLogs AppDeploymentHistory AppFetchLogs AppGetInfo AppGetLifecycle AppGetOrCreate AppGetTags AppList AppRollback
AppRollover AppSetTags AuthTokenGet CliCommandSuggest EnvironmentCreate EnvironmentDelete EnvironmentList EnvironmentUpdate
FunctionFinishInputs FunctionGetCurrentStats FunctionGetSchedulingParams SecretDelete SecretGetInfo SecretList SecretUpdate
TaskGetInfo TaskList TokenDelete TokenFlowCreate TokenFlowWait TokenInfoGet WorkspaceBillingReport WorkspaceDashboardUrlGet
""".split()

#: Why one is not answered. One that is neither answered nor here makes the table say so.
REASONS = {
    "AuthTokenGet": "only sandboxes and the input plane need it, and there are neither",
    "FunctionRetryInputs": "retries are the server's: no client is told to send it",
    "TokenFlowCreate": "there is no sign-in page: `./serai token create` makes tokens",
    "TokenFlowWait": "there is no sign-in page: `./serai token create` makes tokens",
    "VolumeGetOrCreate": "there are no volumes",
    "WorkspaceBillingReport": "there are no prices",
}


def main() -> None:
    known = {method.name: method for method in METHODS}
    asked = [name for name in NEEDED if name in known and name != "TokenDelete"]
    caller = Caller(os.environ["MODAL_TOKEN_ID"], os.environ["MODAL_TOKEN_SECRET"], patience=3)
    answers = dict(zip(asked, caller.all((known[name], b"") for name in asked), strict=True))
    print("| RPC | |\n| --- | --- |")
    for name in sorted(NEEDED):
        answer = answers.get(name)
        missing = name != "TokenDelete" and (answer is None or answer.status == Status.UNIMPLEMENTED)
        print(f"| {name} | {REASONS.get(name, 'not available, and nobody has said why') if missing else 'answered'} |")


if __name__ == "__main__":
    main()
