# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
#
# What a client's configuration needs for Serai, beside its own: nomad agent -config … -config client.hcl. Each node also needs
# Python 3.10 or newer with venv or pip, bubblewrap and pasta (Debian, Ubuntu: apt-get install python3 python3-venv bubblewrap passt); for
# images mmdebstrap as well. serai-node-check.nomad.hcl says what one lacks.

client {
  enabled = true

  # A node is in one pool. With one for containers and one for the server, users' code is never beside the server:
  #   nomad node pool apply …, then node_pool = "serai" here, and -var runner_pool=serai for the jobs.
  # node_pool = "serai"

  # Of a task's kill_timeout no more than this counts, 30 s by default: the server asks for 90 s to end in order.
  max_kill_timeout = "90s"

  # What the operating system and the agent keep: containers' CPU and memory are asked for exactly, so a node fills up.
  reserved {
    cpu    = 500  # MHz
    memory = 1024 # MB
    disk   = 2048 # MB
  }
}

# The runner makes its own sandbox (bubblewrap, control groups). Where raw_exec is forbidden, the driver exec starts it in a root that it
# completes: see docs/nomad.md for what that needs here.
plugin "raw_exec" {
  config {
    enabled = true
  }
}

# GPUs: the plugin from releases.hashicorp.com in plugin_dir, and
# plugin "nomad-device-nvidia" {
#   config {
#     enabled = true
#   }
# }
