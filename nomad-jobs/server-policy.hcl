# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
#
# The least that the server's token needs on a cluster with access control: SERAI_NOMAD_TOKEN.
#
#   nomad acl policy apply -description "Serai's server" serai-server nomad-jobs/server-policy.hcl
#   nomad acl token create -name serai-server -policy serai-server

namespace "default" {
  # submit-job: pools are jobs; scale-job: their count; read-job: allocations, evaluations and events;
  # alloc-lifecycle: one container is ended when its input runs too long
  capabilities = ["submit-job", "scale-job", "read-job", "alloc-lifecycle"]

  variables {
    # each pool's secret, which only its own allocations may read
    path "nomad/jobs/*" {
      capabilities = ["write", "destroy"]
    }
  }
}

# the agent's version, for health and status
agent {
  policy = "read"
}
