# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
#
# An example: PostgreSQL for Serai on one node of the cluster, for a trial. It has no replica and no backup: for more than that
# use the database that you run already, or a service, and put its address into serai-server's database_url.
#
# It needs the docker driver, and on one client:
#
#   client { host_volume "serai-postgres" { path = "/var/lib/serai/postgres" } }
#
#   nomad var put nomad/jobs/serai-postgres password=…
#   nomad job run nomad-jobs/postgres.nomad.hcl
#
# The address for serai-server is then postgresql://serai:PASSWORD@NODE:5432/serai, with the password percent-encoded.

variable "datacenters" {
  type    = list(string)
  default = ["*"]
}

variable "server_pool" {
  type    = string
  default = "default"
}

variable "namespace" {
  type    = string
  default = "default"
}

variable "port" {
  type    = number
  default = 5432
}

job "serai-postgres" {
  type        = "service"
  namespace   = var.namespace
  datacenters = var.datacenters
  node_pool   = var.server_pool
  priority    = 85 # above the server, which is of no use without it

  constraint {
    attribute = "${attr.cpu.arch}"
    operator  = "regexp"
    value     = "^(amd64|arm64)$" # what the image is made for
  }

  group "postgres" {
    count = 1 # its directory is one process's

    network {
      port "db" {
        static = var.port # it is in an address that people write
        to     = 5432
      }
    }

    volume "data" {
      type      = "host" # the job goes where the volume is, and stays there
      source    = "serai-postgres"
      read_only = false
    }

    service {
      name     = "serai-postgres"
      provider = "nomad"
      port     = "db"

      check {
        type     = "tcp"
        interval = "10s"
        timeout  = "2s"
      }
    }

    update {
      max_parallel     = 1
      canary           = 0 # two of them in one directory would spoil it
      health_check     = "checks"
      min_healthy_time = "10s"
      healthy_deadline = "5m"  # it may read its log again after a crash
      auto_revert      = false # an older major version cannot read what a newer one wrote
    }

    restart {
      attempts = 3
      interval = "10m"
      delay    = "10s"
      mode     = "delay" # elsewhere there is no data, so it goes on here
    }

    task "postgres" {
      driver = "docker"

      config {
        image = "postgres:18"
        ports = ["db"]
        # the image's own default for dynamic shared memory is 64 MB, less than one parallel query may ask for
        shm_size = 268435456
      }

      volume_mount {
        volume      = "data"
        destination = "/var/lib/postgresql"
      }

      env {
        POSTGRES_USER          = "serai"
        POSTGRES_DB            = "serai"
        POSTGRES_PASSWORD_FILE = "/secrets/password"
      }

      template {
        destination = "secrets/password"
        data        = "{{ with nomadVar \"nomad/jobs/serai-postgres\" }}{{ .password }}{{ end }}"
        perms       = "0444" # the image reads it as its own user; the directory is this task's only
        change_mode = "noop" # it is only read when the database is made
      }

      shutdown_delay = "1s"     # the address is gone before the database is
      kill_signal    = "SIGINT" # PostgreSQL's fast shutdown; SIGTERM would wait for the server's connections to end
      kill_timeout   = "60s"    # it writes what is in memory to disk

      resources {
        cpu    = 1000
        memory = 1024 # shared_buffers of 128 MB, the server's connections of some 10 MB each, and the system's cache
      }
    }
  }
}
