# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
#
# The least that the server needs of a cluster with access control. nomad-adapter's ServerPolicyTest holds each line: with all
# of them no call is refused, without any one of them one is.
#
# For a server that runs as the job serai-server, tied to that job (nothing to hand out, nothing to renew):
#
#   nomad acl policy apply -namespace default -job serai-server serai-server nomad-jobs/server-policy.hcl
#
# For a server outside the cluster, as a token for NOMAD_TOKEN:
#
#   nomad acl policy apply -description "Serai's server" serai-server nomad-jobs/server-policy.hcl
#   nomad acl token create -name serai-server -policy serai-server

# the one that SERAI_NOMAD_NAMESPACE names
namespace "default" {
  # submit-job: pools are jobs, and it holds scaling, stopping and purging them; read-job: is the job there, its allocations,
  # evaluations and events; alloc-lifecycle: one container is ended when its input runs too long
  capabilities = ["submit-job", "read-job", "alloc-lifecycle"]

  variables {
    # each pool's secret, which only its own allocations may read; not the server's own, at nomad/jobs/serai-server
    path "nomad/jobs/po-*" {
      capabilities = ["write", "destroy"]
    }
  }
}

# /v1/nodes: which nodes there are, what they have, and whether one can run containers
node {
  policy = "read"
}

# /v1/agent/self: the agent's version, for health and status
agent {
  policy = "read"
}
