# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Looks a function up by the names of its app and itself, calls it, and prints what came back."""

import sys

import modal

app_name, function_name, *arguments = sys.argv[1:]
print(modal.Function.from_name(app_name, function_name).remote(*(int(argument) for argument in arguments)))
