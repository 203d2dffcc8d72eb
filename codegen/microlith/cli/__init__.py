# SPDX-License-Identifier: Apache-2.0
"""The command line: one small module a verb, no logic. Heavy imports happen inside the verbs."""
