"""What a user agent says: browser, operating system and device, under the names and values the PostHog SDKs use.

The rules of ua-parser (uap-core) know browsers and devices of the world; the apps that people in China open pages in
are looked for before, because their agents name the engine below them, too. No agent makes this raise.
"""

import re
from collections.abc import Mapping

import ua_parser

from yunying.events.bots import Bot, bot_of, tool_of

__all__ = ["MAX_CHARS", "describe"]

# More than any real browser sends; the rest would only cost time.
MAX_CHARS = 1_000

_VERSION = r"[/ ]?v?(\d+(?:\.\d+)+)?"
# Apps with a browser inside, most telling first: a piece of the agent in small letters, what comes before its version,
# the name.
_APPS: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (hint, re.compile(pattern + _VERSION, re.I), name)
    for hint, pattern, name in (
        ("wxwork", r"\bwxwork", "WeCom"),
        ("micromessenger", r"\bMicroMessenger", "WeChat"),
        ("dingtalk", r"\bDingTalk", "DingTalk"),
        ("alipayclient", r"\bAlipayClient", "Alipay"),
        ("channelname/feishu", r"\bLark", "Feishu"),
        ("feishu/", r"\bFeishu", "Feishu"),
        ("lark/", r"\bLark", "Lark"),
        ("qq/", r"\bQQ", "QQ"),
        ("toutiaomicroapp", r"\bToutiaoMicroApp", "Toutiao"),
        ("aweme", r"\baweme(?:_lite)?[._]?", "Douyin"),
        ("musical_ly", r"\bmusical_ly_?", "TikTok"),
        ("trill_", r"\btrill_", "TikTok"),
        ("newsarticle", r"\bNewsArticle", "Toutiao"),
        ("__weibo__", r"__weibo__", "Weibo"),
        ("xhsdiscover", r"\bdiscover", "Xiaohongshu"),
        ("xhsminiapp", r"\bXHSMiniApp", "Xiaohongshu"),
        ("baiduboxapp", r"\bbaiduboxapp", "Baidu app"),
        ("zhihuhybrid", r"\bZhihuHybrid", "Zhihu"),
        ("biliapp", r"\bBiliApp", "Bilibili"),
        ("bili-universal", r"\bbili-universal", "Bilibili"),
        ("kwai/", r"\bKwai", "Kuaishou"),
        ("ksnebula", r"\bksNebula", "Kuaishou"),
        ("aliapp(tb/", r"\bAliApp\(TB", "Taobao"),
        ("aliapp(tm/", r"\bAliApp\(TM", "Tmall"),
        ("jdapp;", r"\bjdapp;(?:iphone|android|ipad);", "JD"),
        ("pinduoduo", r"\bpinduoduo", "Pinduoduo"),
        ("phh_", r"\bphh_(?:android|ios)_version", "Pinduoduo"),
        ("imeituan", r"\bimeituan", "Meituan"),
        ("meituangroup", r"\bMeituanGroup", "Meituan"),
        ("quark/", r"\bQuark", "Quark"),
        ("qihu 360", r"\bQIHU 360[SE]E", "360 browser"),
        ("360se", r"\b360SE", "360 browser"),
        ("2345explorer", r"\b2345Explorer", "2345 browser"),
        ("lbbrowser", r"\bLBBROWSER", "Liebao"),
        ("mzbrowser", r"\bMZBrowser", "Meizu browser"),
    )
)
_MINI_PROGRAM = re.compile(r"miniProgram|swan-baiduboxapp|ToutiaoMicroApp|XHSMiniApp", re.I)

# Names of uap-core → names of posthog-js, so that both fall into one group of a breakdown.
_BROWSERS = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome iOS",
    "Chrome Mobile WebView": "Android WebView",
    "Mobile Safari UI/WKWebView": "iOS WebView",
    "Edge": "Microsoft Edge",
    "Edge Mobile": "Microsoft Edge",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer Mobile",
    "Firefox Mobile": "Firefox",
    "Opera Mobile": "Opera",
    "WeChat Browser": "WeChat",
    "QQ Browser Mobile": "QQ Browser",
    "Baidu Explorer": "Baidu app",
    "MiuiBrowser": "MIUI Browser",
    "VivoBrowser": "Vivo Browser",
    "Android": "Android Mobile",
    "okhttp": "",
    "CFNetwork": "",
    "Other": "",
}
_SYSTEMS = {"Other": "", "Mac OS": "Mac OS X", "HarmonyOS": "HarmonyOS"}
_LINUXES = frozenset(
    {"Ubuntu", "Debian", "Fedora", "Red Hat", "CentOS", "Arch Linux", "SUSE", "Mint", "Gentoo", "Kubuntu", "UOS"}
)
_BRANDS = {"XiaoMi": "Xiaomi", "Generic": "", "Generic_Android": "", "Generic_Android_Tablet": "", "Spider": ""}
# Codes of telephones whose maker the rules do not know yet.
_MAKERS = (
    (re.compile(r"(?:M\d{4}|2\d{3,})[A-Z0-9]{3,}$"), "Xiaomi"),
    (re.compile(r"V\d{4}[A-Z]{0,3}$"), "vivo"),
    (re.compile(r"RMX\d{4}$"), "realme"),
)
_NO_MODELS = frozenset({"Smartphone", "Tablet", "Feature Phone", "Desktop", "Browser"})
_BUILD = re.compile(r"; ([\w .+-]{1,40}?) Build\b")
_HARMONY = re.compile(r"(?:Open)?Harmony(?:OS)?[ /]?(?P<version>\d+(?:\.\d+)*)?", re.I)
_KINDS = tuple(
    (re.compile(pattern, re.I), kind)
    for pattern, kind in (
        (
            (
                r"smart-?tv|\btv safari|web0s|apple ?tv|google ?tv|android tv|\bmi ?tv|bravia|hbbtv|netcast|crkey"
                r"|\broku|\baft[a-z]{1,4}\b|tizen.*\btv\b"
            ),
            "TV",
        ),
        (r"playstation|xbox|nintendo", "Console"),
        (r"\bwatch\b|watch ?os|wear os", "Wearable"),
        (r"ipad|tablet|kindle|silk/|playbook|\bpad\b", "Tablet"),
        (r"\bmobi|iphone|ipod|android|windows phone|\bphone\b|blackberry|opera mini|harmony", "Mobile"),
        (r"windows nt|macintosh|mac os x|x11|cros|linux", "Desktop"),
    )
)


def describe(agent: str, *, browsing: bool = False) -> Mapping[str, str]:
    """The properties a user agent gives. With `browsing`, plain HTTP clients are bots, for they claim to see a page.

    Costs some 60 µs; whoever has many events keeps the answers.
    """
    agent = agent[:MAX_CHARS]
    if not agent.strip():
        return {}
    bot = bot_of(agent) or (tool_of(agent) if browsing else None)
    parsed = ua_parser.parse(agent)
    found = {
        **({"$browser": bot.name} if bot else _browser(agent, parsed.user_agent)),
        **_system(agent, parsed.os),
        **_device(agent, parsed.device, bot),
        "$bot": bot.name if bot else "",
        "$bot_kind": bot.kind.value if bot else "",
    }
    return {name: value for name, value in found.items() if value}


def _browser(agent: str, parsed: ua_parser.UserAgent | None) -> dict[str, str]:
    lowered = agent.lower()
    for hint, pattern, name in _APPS:
        app = pattern.search(agent) if hint in lowered else None
        if app:
            mini = {"$mini_program": name} if _MINI_PROGRAM.search(agent) else {}
            return {"$browser": name, "$browser_version": _joined(*(app.group(1) or "").split(".")[:3]), **mini}
    if parsed is None:
        return {}
    family = _BROWSERS.get(parsed.family, parsed.family)
    return {"$browser": family, "$browser_version": _joined(parsed.major, parsed.minor)}


def _system(agent: str, parsed: ua_parser.OS | None) -> dict[str, str]:
    harmony = _HARMONY.search(agent)
    if harmony:
        return {"$os": "HarmonyOS", "$os_version": harmony.group("version") or ""}
    if parsed is None:
        return {}
    family = "Linux" if parsed.family in _LINUXES else _SYSTEMS.get(parsed.family, parsed.family)
    return {"$os": family, "$os_version": _joined(parsed.major, parsed.minor, parsed.patch)}


def _device(agent: str, parsed: ua_parser.Device | None, bot: Bot | None) -> dict[str, str]:
    if bot:
        return {"$device_type": "Bot"}
    if parsed is None:
        return {"$device_type": _kind_of(agent)}
    brand, model = parsed.brand or "", parsed.model or ""
    if brand.startswith("Generic") or model in _NO_MODELS:
        model = _model_in(agent) if model in _NO_MODELS else model
        brand = next((maker for code, maker in _MAKERS if code.match(model)), _BRANDS.get(brand, brand))
    return {
        "$device_type": _kind_of(agent),
        "$device_manufacturer": _BRANDS.get(brand, brand),
        "$device_model": model,
    }


def _model_in(agent: str) -> str:
    """The device of an Android agent, where the rules say no more than "a smartphone"."""
    named = _BUILD.search(agent)
    return named.group(1).strip() if named else ""


def _kind_of(agent: str) -> str:
    kind = next((kind for pattern, kind in _KINDS if pattern.search(agent)), "")
    if kind == "Mobile" and agent.startswith("Mozilla") and "Android" in agent and "mobi" not in agent.lower():
        # Browsers of telephones say "Mobile", those of tablets do not.
        return "Tablet"
    return kind


def _joined(*parts: str | None) -> str:
    """`17.5` of major and minor; a zero at the end says nothing, and posthog-js leaves it out."""
    known: list[str] = []
    for part in parts:
        if part is None:
            break
        known.append(part)
    while len(known) > 1 and known[-1] == "0":
        known.pop()
    return ".".join(known)
