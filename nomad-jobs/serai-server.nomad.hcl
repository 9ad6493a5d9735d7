# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
#
# Serai's server as a job of the cluster on which it places its pools. docs/nomad.md leads through it. Before the first run:
#
#   nomad-jobs/pack serai-server.tar.gz                # and put the file where nodes can fetch it
#   nomad acl policy apply -namespace default -job serai-server serai-server nomad-jobs/server-policy.hcl
#   nomad var put nomad/jobs/serai-server database_url=… admin_token=… blob_key=… master_keys=…
#   nomad job run -var-file=serai.hcl nomad-jobs/serai-server.nomad.hcl

variable "artifact" {
  type        = string
  description = "Where nodes fetch what nomad-jobs/pack made, say https://files.example/serai-server.tar.gz"
}

variable "checksum" {
  type        = string
  description = "As nomad-jobs/pack says it: sha256:…"
}

variable "http_url" {
  type        = string
  description = "How clients and nodes reach the server's HTTP port: a name that follows it, say http://serai.example:8080. Nodes fetch the runner there, and a change of it replaces every container."
}

variable "rpc_url" {
  type        = string
  description = "How clients and nodes reach its gRPC port, say http://serai.example:50051."
}

variable "web_url" {
  type        = string
  default     = "http://{label}.localhost:8000"
  description = "What the address of a web function looks like from outside, say https://{label}.web.example or https://web.example/w/{label}."
}

variable "http_port" {
  type    = number
  default = 8080
}

variable "rpc_port" {
  type    = number
  default = 50051
}

variable "web_port" {
  type    = number
  default = 8000
}

variable "admin_port" {
  type        = number
  default     = 4848
  description = "The application server's administration, on the node's loopback only."
}

variable "home" {
  type        = string
  default     = "/var/lib/serai/server"
  description = "Directory on the server's node that stays: blobs, uploaded files, the class archive, logs. Make it before the first run, owned by var.user."
}

variable "user" {
  type        = string
  default     = "serai"
  description = "User of the node that the server runs as. It needs no rights but var.home."
}

variable "java" {
  type        = string
  default     = "java"
  description = "A JDK of version 25 or newer on the server's node: a command, or an absolute path."
}

variable "datacenters" {
  type    = list(string)
  default = ["*"]
}

variable "server_pool" {
  type        = string
  default     = "default"
  description = "Node pool in which the server runs. One of its own keeps users' code off its node."
}

variable "runner_pool" {
  type        = string
  default     = "default"
  description = "Node pool in which containers run."
}

variable "namespace" {
  type        = string
  default     = "default"
  description = "In which the server and the pools live. server-policy.hcl names the same."
}

variable "runner_python" {
  type        = string
  default     = "python3"
  description = "The interpreter on the runners' nodes."
}

variable "runner_python_version" {
  type        = string
  default     = ""
  description = "Its major.minor, say 3.12: an image that asks for another one is refused early. Empty: a container finds out."
}

variable "runner_cache" {
  type        = string
  default     = "/var/lib/serai/cache"
  description = "Directory on the runners' nodes for uploaded files and client runtimes; serai-node-check makes sure of it."
}

job "serai-server" {
  type        = "service"
  namespace   = var.namespace
  datacenters = var.datacenters
  node_pool   = var.server_pool
  # of 100, pools have 50: where preemption is switched on a pool never takes the server's place, and the server may take one's
  priority = 80

  constraint {
    attribute = "${attr.kernel.name}"
    value     = "linux"
  }

  constraint {
    # what is tried; the archive itself holds no machine code
    attribute = "${attr.cpu.arch}"
    operator  = "regexp"
    value     = "^(amd64|arm64)$"
  }

  meta {
    serai_url = var.http_url
  }

  group "server" {
    # One: its directory is one node's, and its ports are known by number. Containers and calls outlive a restart (they wait for
    # the server for 300 s), so a second one is not needed for an update.
    count = 1

    network {
      # static, since clients, nodes and firewalls know them
      port "http" {
        static = var.http_port
      }
      port "rpc" {
        static = var.rpc_port
      }
      port "web" {
        static = var.web_port
      }
      port "admin" {
        static       = var.admin_port
        host_network = "default"
      }
    }

    # Nomad's own services: no Consul is needed.
    service {
      name     = "serai-http"
      provider = "nomad"
      port     = "http"

      check {
        name     = "live"
        type     = "http"
        path     = "/health/live"
        interval = "10s" # six a minute: a dead server is noticed within half a minute, see check_restart
        timeout  = "5s"  # ten times what it takes under load; a pause of the collector is no death

        check_restart {
          limit = 3    # 30 s in a row: more than a pause, a tenth of what containers wait for
          grace = "5m" # HTTP opens only after deployment, a minute or two on a slow node; see PayaraServer.awaitReady
        }
      }

      check {
        name     = "ready"
        type     = "http"
        path     = "/health/ready" # the database and Nomad answer: what it is not restarted for, as that would not help
        interval = "10s"
        timeout  = "5s"
      }
    }

    service {
      name     = "serai-rpc"
      provider = "nomad"
      port     = "rpc"

      check {
        name     = "open"
        type     = "tcp"
        interval = "10s"
        timeout  = "2s" # opening a connection waits for nothing
      }
    }

    update {
      max_parallel      = 1        # there is one
      canary            = 0        # a second one would find ports and directory taken
      health_check      = "checks" # not merely "task_states": a process that runs has not deployed yet
      min_healthy_time  = "10s"    # one round of each check
      healthy_deadline  = "8m"     # launcher's own deadlines: 3 min for administration, 5 min until ready
      progress_deadline = "10m"    # must be more than healthy_deadline; the fetch of the archive is in it
      auto_revert       = true     # a version that does not get healthy gives way to the last one that did
    }

    # The database's schema only goes forward: a version that migrated it cannot be reverted to one that does not know it.
    # The launcher then says so and ends, and this limit keeps it from trying for ever on the same node.
    restart {
      attempts = 3
      interval = "15m" # three starts of up to 5 min
      delay    = "10s" # the database or Nomad may just be restarting too
      mode     = "fail"
    }

    # On another node only where var.home is shared storage; else this waits for the node.
    reschedule {
      delay          = "30s"
      delay_function = "exponential"
      max_delay      = "5m" # containers give up at 300 s anyway
      unlimited      = true
    }

    ephemeral_disk {
      # the archive (230 MB), what is in it (280 MB), Nomad's logs (60 MB) and room for a larger version
      size = 1000
    }

    # The archive has more files than the 4096 that clients unpack by default, so it is fetched whole and unpacked here.
    task "unpack" {
      driver = "raw_exec"
      user   = var.user

      lifecycle {
        hook    = "prestart"
        sidecar = false
      }

      artifact {
        source      = var.artifact
        destination = "local/serai-server.tar.gz"
        mode        = "file"
        options {
          checksum = var.checksum
          archive  = "false"
        }
      }

      config {
        command = "/bin/sh"
        args = ["-euc", <<-EOT
          mkdir -p "$NOMAD_ALLOC_DIR/data/serai"
          tar -xzf local/serai-server.tar.gz --no-same-owner -C "$NOMAD_ALLOC_DIR/data/serai"
          rm local/serai-server.tar.gz
          EOT
        ]
      }

      logs {
        max_files     = 1
        max_file_size = 10
      }

      resources {
        cpu    = 500 # gunzip of 230 MB: some seconds of one core
        memory = 64  # tar and gzip hold a few MB
      }
    }

    task "server" {
      driver = "raw_exec"
      user   = var.user

      # The policy that is tied to this job is this identity's: no token is kept anywhere.
      identity {
        env = true # NOMAD_TOKEN
      }

      config {
        command = var.java
        args = [
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Xmx128m", # the launcher's own: it starts the server's JVM, watches it and ends it
          "-Dserai.checkout=${NOMAD_ALLOC_DIR}/data/serai",
          "-jar",
          "${NOMAD_ALLOC_DIR}/data/serai/launcher/target/launcher.jar",
          "serve",
        ]
      }

      # The job's own variable, which it may read without any policy. Its directory is in memory and for this task only.
      template {
        destination = "secrets/server.env"
        env         = true
        perms       = "0400"
        change_mode = "restart" # a new password is only read at a start
        splay       = "1m"      # the most that a restart is put off
        data        = <<-EOT
          {{ with nomadVar "nomad/jobs/serai-server" -}}
          SERAI_DATABASE_URL={{ .database_url.Value | toJSON }}
          SERAI_ADMIN_TOKEN={{ .admin_token.Value | toJSON }}
          SERAI_BLOB_KEY={{ .blob_key.Value | toJSON }}
          {{ with .master_keys }}SERAI_SECRET_MASTER_KEYS={{ .Value | toJSON }}{{ end }}
          {{- end }}
          EOT
      }

      env {
        SERAI_HOME                  = var.home
        NOMAD_ADDR                  = "http://${attr.unique.advertise.address}"
        NOMAD_NAMESPACE             = var.namespace
        SERAI_NOMAD_NODE_POOL       = var.runner_pool
        SERAI_HTTP_HOST             = "${NOMAD_IP_http}"
        SERAI_HTTP_PORT             = "${NOMAD_PORT_http}"
        SERAI_HTTP_URL              = var.http_url
        SERAI_RPC_HOST              = "${NOMAD_IP_rpc}"
        SERAI_RPC_PORT              = "${NOMAD_PORT_rpc}"
        SERAI_RPC_URL               = var.rpc_url
        SERAI_GATEWAY_HOST          = "${NOMAD_IP_web}"
        SERAI_WEB_PORT              = "${NOMAD_PORT_web}"
        SERAI_GATEWAY_URL           = var.web_url
        SERAI_ADMIN_PORT            = "${NOMAD_PORT_admin}"
        SERAI_RUNNER_PYTHON         = var.runner_python
        SERAI_RUNNER_PYTHON_VERSION = var.runner_python_version
        SERAI_RUNNER_CACHE          = var.runner_cache
      }

      # The launcher ends the server in order on it. raw_exec's default would be SIGINT.
      kill_signal = "SIGTERM"
      # 60 s for requests under way, 10 s and 10 s for a server that does not listen, and some for the launcher. The client's
      # max_kill_timeout caps it, at 30 s unless client.hcl raises that.
      kill_timeout = "90s"
      # between the end of the services and the signal: time for whoever asks Nomad where we are
      shutdown_delay = "5s"

      logs {
        # what the launcher says; the server's own log is in var.home/logs, with its own limits
        max_files     = 2
        max_file_size = 10
      }

      resources {
        cpu = 2000 # two cores of 1 GHz: a start takes one for a minute, some hundred calls per second take the other
        # heap: a sixteenth of the node's memory, 512 MB to 2048 MB; 600 MB for classes, threads and buffers; the launcher
        memory = 2048
      }
    }
  }
}
