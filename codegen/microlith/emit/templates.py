# SPDX-License-Identifier: Apache-2.0
"""The one way in which text is generated: jinja2 templates, with undefined names as errors."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from microlith import resources

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(resources.path("templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(template: str, **values: Any) -> str:
    """The text of `templates/<template>` with `values`."""
    return _environment().get_template(template).render(**values)
