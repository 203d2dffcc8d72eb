# SPDX-License-Identifier: Apache-2.0
"""Microlith: compiles TensorFlow Lite models to verified C for Arm microcontrollers and phones."""
