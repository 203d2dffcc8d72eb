# SPDX-License-Identifier: Apache-2.0
"""`python -m microlith`."""

from microlith.cli.main import main

if __name__ == "__main__":
    main()
