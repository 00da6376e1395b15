"""The table of channels, one visit a line, and that nothing anybody sends makes it fall."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunying.events.channels import CHANNELS, sources

HOME = "https://shop.example/"
VISITS = [
    (HOME, "", "Direct"),
    (HOME, "https://www.baidu.com/link?url=x", "Organic search"),
    (HOME, "https://m.baidu.com/", "Organic search"),
    (HOME, "https://www.sogou.com/web?query=x", "Organic search"),
    (HOME, "https://www.so.com/s?q=x", "Organic search"),
    (HOME, "https://m.sm.cn/s?q=x", "Organic search"),
    (HOME, "https://cn.bing.com/search?q=x", "Organic search"),
    (HOME, "https://www.google.com.hk/", "Organic search"),
    (HOME, "https://www.google.de/", "Organic search"),
    (HOME, "android-app://com.google.android.googlequicksearchbox/", "Organic search"),
    (HOME, "https://docs.google.com/document/1", "Referral"),
    (HOME, "https://pan.baidu.com/s/1", "Referral"),
    (HOME, "https://tieba.baidu.com/p/1", "Organic social"),
    (HOME, "https://mp.weixin.qq.com/s/abc", "Organic social"),
    (HOME, "https://weibo.com/u/1", "Organic social"),
    (HOME, "https://www.xiaohongshu.com/explore", "Organic social"),
    (HOME, "https://www.zhihu.com/question/1", "Organic social"),
    (HOME, "https://link.zhihu.com/?target=x", "Organic social"),
    (HOME, "https://www.douyin.com/", "Organic social"),
    (HOME, "https://t.co/abc", "Organic social"),
    (HOME, "https://l.facebook.com/", "Organic social"),
    (HOME + "?fbclid=1", "", "Organic social"),
    (HOME, "https://chatgpt.com/", "AI assistants"),
    (HOME + "?utm_source=chatgpt.com", "", "AI assistants"),
    (HOME, "https://www.doubao.com/chat/", "AI assistants"),
    (HOME, "https://chat.deepseek.com/", "AI assistants"),
    (HOME, "https://kimi.moonshot.cn/", "AI assistants"),
    (HOME, "https://gemini.google.com/app", "AI assistants"),
    (HOME, "https://mail.qq.com/", "Email"),
    (HOME, "https://mail.google.com/", "Email"),
    (HOME + "?utm_source=june&utm_medium=email", "", "Email"),
    (HOME + "?utm_medium=affiliate&utm_source=x", "", "Affiliates"),
    (HOME + "?utm_medium=banner&utm_source=x", "", "Display"),
    (HOME + "?gclid=1", "https://www.google.com/", "Paid search"),
    (HOME + "?bd_vid=1", "https://www.baidu.com/", "Paid search"),
    (HOME + "?utm_source=baidu&utm_medium=cpc", "", "Paid search"),
    (HOME + "?utm_source=百度&utm_medium=竞价", "", "Paid search"),
    (HOME + "?msclkid=1", "", "Paid search"),
    (HOME + "?qz_gdt=1&utm_source=wechat", "", "Paid social"),
    (HOME + "?ttclid=1", "", "Paid social"),
    (HOME + "?utm_source=douyin&utm_medium=cpc", "", "Paid social"),
    (HOME + "?utm_source=xiaohongshu&utm_medium=kol", "", "Organic social"),
    (HOME + "?utm_source=toutiao&utm_medium=feed", "", "Paid search"),
    (HOME + "?qz_gdt=1", "", "Paid other"),
    (HOME + "?utm_source=blog&utm_medium=cpc", "", "Paid other"),
    (HOME + "?utm_medium=sms&utm_source=june", "", "SMS"),
    (HOME + "?utm_medium=push&utm_source=june", "", "Push"),
    (HOME, "https://blog.example/post", "Referral"),
    (HOME + "?utm_source=poster", "", "Other"),
    ("https://shop.example/b", "https://shop.example/a", "Internal"),
    ("https://shop.example/b", "https://www.shop.example/a", "Internal"),
    ("https://shop.example/b", "https://help.our.example/a", "Internal"),
    (HOME + "?utm_source=june&utm_medium=email", "https://help.our.example/a", "Email"),
    ("https://app.example/#/start?utm_source=weibo", "", "Organic social"),
]


@pytest.mark.parametrize(("url", "referrer", "channel"), VISITS)
def test_a_visit_belongs_to_its_channel(url: str, referrer: str, channel: str) -> None:
    assert sources(url, referrer, ("our.example",))["$channel"] == channel


def test_every_channel_has_a_visit() -> None:
    assert {name for name, _ in CHANNELS} == {channel for _, _, channel in VISITS}


def test_a_page_opened_inside_an_application_came_from_it() -> None:
    assert sources(HOME, "", app="WeChat")["$channel"] == "Organic social"
    assert sources(HOME + "2", HOME, app="WeChat")["$channel"] == "Internal"
    assert sources(HOME, "", app="Chrome")["$channel"] == "Direct"


def test_what_the_sdk_says_comes_before_the_address() -> None:
    found = sources(HOME + "?utm_source=poster", "", sent={"utm_source": "baidu", "utm_medium": "cpc"})
    assert found == {"utm_source": "poster", "$referring_domain": "$direct", "$channel": "Paid search"}


def test_parameters_and_the_referring_site_become_properties() -> None:
    found = sources(HOME + "?utm_source=Weibo&utm_campaign=六月&gclid=abc&other=1", "https://www.weibo.com/x")
    assert found == {
        "utm_source": "Weibo",
        "utm_campaign": "六月",
        "gclid": "abc",
        "$referring_domain": "weibo.com",
        "$channel": "Paid social",
    }


@given(st.text(), st.text(), st.lists(st.text()), st.text())
def test_no_text_makes_it_fall(url: str, referrer: str, own: list[str], app: str) -> None:
    assert sources(url, referrer, tuple(own), app=app)["$channel"]


@given(st.from_regex(r"(https?|android-app)?:?//[^/]{0,20}(/|\?|#)[\w=&%?#\[\]]{0,40}"))
def test_no_address_makes_it_fall(url: str) -> None:
    assert sources(url, url)["$channel"]
