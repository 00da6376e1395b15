"""What an event can mean to a template, and how the event that means it is found: by its mark, else by its name.

Names are compared without case, blanks and signs, so that `Order Completed`, `order_completed` and
`$OrderCompleted` are one. They are those of the common SDKs' guides and of plain speech, English and Chinese.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

__all__ = ["AMOUNTS", "ROLES", "Role", "plain"]


@dataclass(frozen=True, slots=True)
class Role:
    """`mark` is the mark of the catalogue that says it (order, sign_up), `names` are plain usual names."""

    key: str
    label: str | Promise
    names: tuple[str, ...]
    mark: str = ""


def plain(name: str) -> str:
    """A name without case, blanks and signs."""
    return "".join(char for char in name.casefold() if char.isalnum())


def _role(key: str, label: str | Promise, names: str, mark: str = "") -> Role:
    return Role(key, label, tuple(dict.fromkeys(plain(name) for name in names.split())), mark)


_ALL = (
    _role(
        "view",
        _("Page or screen seen"),
        "pageview page page_viewed view_page screen screen_view screen_viewed app_view_screen appviewscreen"
        " mpviewscreen viewscreen view visit 浏览页面 访问页面 页面浏览",
    ),
    _role(
        "sign_up",
        pgettext_lazy("mark of an event", "Sign-up"),
        "sign_up signup signed_up user_signed_up sign_up_completed register registered registration"
        " complete_registration account_created create_account user_created user_registered 注册 注册成功 完成注册",
        "sign_up",
    ),
    _role(
        "log_in",
        _("Log-in"),
        "login log_in logged_in sign_in signin signed_in user_logged_in user_signed_in 登录 登录成功",
    ),
    _role(
        "order",
        pgettext_lazy("mark of an event", "Order"),
        "order_completed order_placed order_paid order purchase purchased purchase_completed place_order pay_order"
        " payorder payment_completed payment_succeeded payment checkout_completed transaction buy pay iap"
        " in_app_purchase 下单 支付订单 支付成功 购买 充值",
        "order",
    ),
    _role(
        "product_view",
        _("Product looked at"),
        "product_viewed view_product product_view view_item view_content product_detail 浏览商品 商品详情",
    ),
    _role(
        "cart",
        _("Put into the cart"),
        "product_added add_to_cart added_to_cart cart_add cart_added 加入购物车 加购",
    ),
    _role(
        "checkout",
        _("Checkout begun"),
        "checkout_started begin_checkout initiate_checkout checkout start_checkout submit_order 提交订单 结算",
    ),
    _role(
        "order_cancel",
        _("Order cancelled"),
        "order_cancelled order_canceled cancel_order cancel cancelled canceled 取消订单",
    ),
    _role(
        "refund",
        _("Refund"),
        "order_refunded refund refunded order_returned return 退款 退货",
    ),
    _role(
        "search",
        pgettext_lazy("an event", "Search"),
        "search searched products_searched search_performed view_search_results 搜索",
    ),
    _role(
        "activation",
        _("Reached the first value"),
        "activated activation user_activated onboarding_completed onboarding_complete tutorial_complete setup_completed"
        " project_created workspace_created 激活 完成引导",
    ),
    _role(
        "trial",
        _("Trial begun"),
        "trial_started start_trial trial_start free_trial_started 开始试用 试用",
    ),
    _role(
        "subscription",
        _("Subscription begun"),
        "subscription_started subscribe subscribed subscription_created start_subscription plan_purchased"
        " subscription_activated 订阅 开通会员 购买会员",
    ),
    _role(
        "cancellation",
        _("Subscription ended"),
        "subscription_cancelled subscription_canceled cancel_subscription subscription_ended churned unsubscribed"
        " 取消订阅 退订",
    ),
    _role(
        "invitation",
        _("Somebody was invited"),
        "invite_sent invitation_sent user_invited invite invite_user member_invited teammate_invited 邀请 邀请好友",
    ),
    _role(
        "lead",
        _("New lead"),
        "lead_created lead generate_lead new_lead lead_added contact_created 新增线索 线索",
    ),
    _role(
        "follow_up",
        _("Follow-up"),
        "follow_up followed_up call_made call_logged meeting_held visit_logged activity_logged 跟进 拜访",
    ),
    _role(
        "deal",
        _("Deal opened"),
        "deal_created opportunity_created opportunity new_deal quote_sent 新增商机 商机",
    ),
    _role(
        "deal_won",
        _("Deal won"),
        "deal_won opportunity_won closed_won contract_signed deal_closed 赢单 签约 成交",
    ),
    _role(
        "level_start",
        _("Level begun"),
        "level_start level_started start_level mission_start stage_start game_start 开始关卡 关卡开始",
    ),
    _role(
        "level_end",
        _("Level completed"),
        "level_complete level_completed complete_level level_end mission_complete stage_clear 通关 关卡完成",
    ),
    _role("level_fail", _("Level failed"), "level_fail level_failed mission_failed stage_fail 关卡失败"),
    _role("ad", _("Advertisement watched"), "ad_watched ad_view ad_impression rewarded_video ad_completed 观看广告"),
    _role(
        "ticket",
        _("Ticket opened"),
        "ticket_created ticket_opened create_ticket new_ticket issue_created request_submitted 提交工单 新建工单 工单",
    ),
    _role(
        "ticket_done",
        _("Ticket resolved"),
        "ticket_resolved ticket_closed resolve_ticket issue_closed request_completed 工单完成 解决工单",
    ),
    _role(
        "use",
        _("Feature used"),
        "feature_used use_feature feature_opened document_saved report_opened action 使用功能",
    ),
    _role(
        "task_done",
        _("Task finished"),
        "task_completed task_finished complete_task form_submitted approval_completed approved"
        " 完成任务 审批通过 提交表单",
    ),
)
ROLES: dict[str, Role] = {role.key: role for role in _ALL}

# Properties that usually hold the amount of an order, the likeliest first.
_AMOUNTS = (
    "revenue total_amount order_amount pay_amount paid_amount amount total order_value value gmv price paid money sales"
    " sales_value 金额 订单金额 支付金额 实付金额"
)
AMOUNTS: tuple[str, ...] = tuple(plain(name) for name in _AMOUNTS.split())
