"""`{% load accounts %}`: what the signed-out pages must know of the installation."""

from django import template
from django.template.context import Context

from yunying.platform.accounts.adapter import is_first_account, may_sign_up

register = template.Library()


@register.simple_tag(takes_context=True)
def sign_up_open(context: Context) -> bool:
    """Whether this browser may create an account now."""
    return may_sign_up(context["request"])


@register.simple_tag
def first_account() -> bool:
    """Whether nobody has an account yet."""
    return is_first_account()
