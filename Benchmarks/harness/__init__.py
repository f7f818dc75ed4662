# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks of the project are made of: one module for each thing that is measured, and what they share."""
