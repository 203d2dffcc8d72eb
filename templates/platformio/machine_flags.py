# SPDX-License-Identifier: MIT-0
"""Compiles and links with the options of the FPU, which the platform does not give. Generated."""

Import("env")  # noqa: F821

flags = env.GetProjectOption("custom_machine_flags").split()  # noqa: F821
env.Append(ASFLAGS=flags, CCFLAGS=flags, LINKFLAGS=flags)  # noqa: F821
