# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
#
# Prepares each node that is to run containers, and says what it lacks: the runner of the running server tries bubblewrap, user
# namespaces, control groups and Python there. A node on which the job failed runs no containers; its log says what to do.
# Once after a change of the cluster (a sysbatch job comes to new nodes by itself too):
#
#   nomad job run -var http_url=http://serai.example:8080 nomad-jobs/serai-node-check.nomad.hcl
#   nomad job status serai-node-check

variable "http_url" {
  type        = string
  description = "As in serai-server: nodes fetch the runner there, which is half of what is checked."
}

variable "datacenters" {
  type    = list(string)
  default = ["*"]
}

variable "runner_pool" {
  type    = string
  default = "default"
}

variable "namespace" {
  type    = string
  default = "default"
}

variable "runner_python" {
  type    = string
  default = "python3"
}

variable "runner_cache" {
  type    = string
  default = "/var/lib/serai/cache"
}

variable "driver" {
  type        = string
  default     = "raw_exec"
  description = "As serai.nomad.driver: raw_exec or exec."
}

variable "volumes" {
  type        = map(string)
  default     = {}
  description = "As serai.nomad.volumes: {serai-usr = \"/usr:ro\", serai-cache = \"/var/lib/serai/cache\"}."
}

locals {
  # The driver exec starts programs as nobody, with some capabilities.
  as_root = [
    "/usr/bin/setpriv", "--reuid=0", "--regid=0", "--clear-groups", "--inh-caps=-all", "--ambient-caps=-all", "--",
    "/usr/bin/env", "SERAI_CHROOT=1",
  ]
  shell = concat(var.driver == "exec" ? local.as_root : [], ["/bin/sh"])
}

job "serai-node-check" {
  type        = "sysbatch" # once on each node
  namespace   = var.namespace
  datacenters = var.datacenters
  node_pool   = var.runner_pool
  priority    = 50 # as the pools

  constraint {
    attribute = "${attr.kernel.name}"
    value     = "linux"
  }

  constraint {
    attribute = "${attr.cpu.arch}"
    operator  = "regexp"
    value     = "^(amd64|arm64)$"
  }

  group "check" {
    restart {
      attempts = 0 # what a node lacks, it lacks a second time
      mode     = "fail"
    }

    ephemeral_disk {
      size = 30 # the runner is below 1 MB; the rest is logs
    }

    dynamic "volume" {
      for_each = var.volumes
      labels   = [volume.key]
      content {
        type      = "host"
        source    = volume.key
        read_only = length(split(":", volume.value)) > 1
      }
    }

    task "check" {
      driver = var.driver # as the runner itself: where it is not enabled the job says "missing drivers"

      dynamic "volume_mount" {
        for_each = var.volumes
        content {
          volume      = volume_mount.key
          destination = split(":", volume_mount.value)[0]
          read_only   = length(split(":", volume_mount.value)) > 1
        }
      }

      artifact {
        source      = "${var.http_url}/internal/v1/runner.pyz"
        destination = "local/serai-runner.pyz"
        mode        = "file"
      }

      env {
        CACHE  = var.runner_cache
        PYTHON = var.runner_python
      }

      config {
        command = local.shell[0]
        args = concat(slice(local.shell, 1, length(local.shell)), ["-euc", <<-EOT
          # entered by the runner's user only: uploaded sources are in it
          mkdir -p -m 0700 "$CACHE"
          : >"$CACHE/.check" && rm "$CACHE/.check"
          exec "$PYTHON" local/serai-runner.pyz doctor
          EOT
        ])
        cap_add = var.driver == "exec" ? ["sys_admin", "sys_ptrace"] : null
      }

      logs {
        max_files     = 1
        max_file_size = 10
      }

      resources {
        cpu    = 100
        memory = 128 # an interpreter, and the sandbox that it tries
      }
    }
  }
}
