"""Who is a program: search engines, AI crawlers, link previews, monitors, browsers that nobody sits at.

The names stand in the programs' user agents as their makers document them. An event of a bot is marked and kept;
whether reports count it is the product's decision. Agents of plain HTTP clients (`curl`, `python-requests`) are what a
company's own servers send events with, so they are bots only where they claim to look at a page.
"""

import re
from enum import StrEnum
from typing import NamedTuple

__all__ = ["AUTOMATED", "Bot", "BotKind", "bot_of", "tool_of"]


class BotKind(StrEnum):
    """What a bot comes for; the values are stored as `$bot_kind`."""

    SEARCH = "search_engine"
    AI_CRAWLER = "ai_crawler"
    AI_ASSISTANT = "ai_assistant"
    PREVIEW = "preview"
    MONITOR = "monitor"
    SEO = "seo"
    HEADLESS = "headless"
    TOOL = "tool"
    OTHER = "other"


class Bot(NamedTuple):
    """A bot by the name people know it under."""

    name: str
    kind: BotKind


# A browser that says itself that a program drives it (`navigator.webdriver`).
AUTOMATED = Bot("Automated browser", BotKind.HEADLESS)

# Per kind: what stands in the agent, and the name where it is another.
_KNOWN: dict[BotKind, dict[str, str]] = {
    BotKind.SEARCH: {
        "Googlebot": "",
        "Google-InspectionTool": "",
        "GoogleOther": "",
        "Storebot-Google": "",
        "AdsBot-Google": "",
        "Mediapartners-Google": "",
        "APIs-Google": "",
        "bingbot": "Bingbot",
        "adidxbot": "Bing Ads",
        "msnbot": "Bingbot",
        "Baiduspider": "",
        "Sogou web spider": "Sogou spider",
        "Sogou inst spider": "Sogou spider",
        "Sogou Pic Spider": "Sogou spider",
        "Sogou spider": "",
        "360Spider": "",
        "HaosouSpider": "360Spider",
        "YisouSpider": "",
        "PetalBot": "",
        "YandexBot": "",
        "YandexMobileBot": "YandexBot",
        "YandexImages": "YandexBot",
        "YandexRenderResourcesBot": "YandexBot",
        "DuckDuckBot": "",
        "Applebot": "",
        "Yahoo! Slurp": "Yahoo Slurp",
        "SeznamBot": "",
        "Yeti/": "Naver Yeti",
        "coccocbot": "Coc Coc",
        "Qwantbot": "",
        "Qwantify": "Qwantbot",
        "OAI-SearchBot": "",
        "Claude-SearchBot": "",
        "ToutiaoSpider": "",
        "EasouSpider": "",
        "JikeSpider": "",
    },
    BotKind.AI_CRAWLER: {
        "GPTBot": "",
        "ClaudeBot": "",
        "Claude-Web": "ClaudeBot",
        "anthropic-ai": "ClaudeBot",
        "CCBot": "",
        "Bytespider": "",
        "TikTokSpider": "",
        "Amazonbot": "",
        "Meta-ExternalAgent": "",
        "FacebookBot": "",
        "PerplexityBot": "",
        "Google-CloudVertexBot": "",
        "cohere-ai": "Cohere",
        "cohere-training-data-crawler": "Cohere",
        "Diffbot": "",
        "ImagesiftBot": "",
        "YouBot": "",
        "Timpibot": "",
        "omgilibot": "Omgili",
        "PanguBot": "",
        "ChatGLM-Spider": "",
        "AI2Bot": "",
    },
    BotKind.AI_ASSISTANT: {
        "ChatGPT-User": "",
        "Claude-User": "",
        "Perplexity-User": "",
        "MistralAI-User": "",
        "DuckAssistBot": "",
        "Meta-ExternalFetcher": "",
    },
    BotKind.PREVIEW: {
        "facebookexternalhit": "Facebook preview",
        "facebookcatalog": "Facebook preview",
        "Twitterbot": "",
        "LinkedInBot": "",
        "Slackbot": "",
        "Slack-ImgProxy": "Slackbot",
        "TelegramBot": "",
        "WhatsApp/": "WhatsApp preview",
        "Discordbot": "",
        "Pinterestbot": "",
        "redditbot": "",
        "SkypeUriPreview": "Skype preview",
        "vkShare": "",
        "Embedly": "",
        "Iframely": "",
        "BingPreview": "",
        "DingTalkBot": "",
        "Google-Read-Aloud": "",
        "FeedFetcher-Google": "",
        "Feedly": "",
    },
    BotKind.MONITOR: {
        "UptimeRobot": "",
        "Pingdom": "",
        "StatusCake": "",
        "Site24x7": "",
        "Datadog": "",
        "NewRelicPinger": "New Relic",
        "newrelicsynthetics": "New Relic",
        "GoogleStackdriverMonitoring": "Google Cloud Monitoring",
        "Better Uptime": "Better Stack",
        "Better Stack": "",
        "Uptime-Kuma": "Uptime Kuma",
        "Blackbox-Exporter": "Blackbox exporter",
        "ELB-HealthChecker": "AWS health check",
        "GoogleHC/": "Google health check",
        "kube-probe": "Kubernetes probe",
        "Checkly": "",
        "Zabbix": "",
        "check_http/": "Nagios",
        "Chrome-Lighthouse": "Lighthouse",
        "PTST/": "WebPageTest",
        "GTmetrix": "",
        "jiankongbao": "Jiankongbao",
    },
    BotKind.SEO: {
        "AhrefsBot": "",
        "AhrefsSiteAudit": "AhrefsBot",
        "SemrushBot": "",
        "SiteAuditBot": "SemrushBot",
        "MJ12bot": "",
        "DotBot": "",
        "rogerbot": "",
        "BLEXBot": "",
        "DataForSeoBot": "",
        "Screaming Frog": "",
        "serpstatbot": "",
        "SEOkicks": "",
        "Barkrowler": "",
    },
    BotKind.HEADLESS: {
        "HeadlessChrome": "",
        "PhantomJS": "",
        "SlimerJS": "",
        "jsdom": "",
        "Cypress/": "Cypress",
        "Puppeteer": "",
        "Playwright": "",
        "Selenium": "",
    },
    BotKind.OTHER: {
        "Scrapy": "",
        "HTTrack": "",
        "archive.org_bot": "Internet Archive",
        "ia_archiver": "Internet Archive",
        "heritrix": "Heritrix",
        "Nutch": "",
        "zgrab": "",
        "Nmap Scripting Engine": "Nmap",
        "masscan": "",
        "CensysInspect": "Censys",
        "Expanse": "",
        "Palo Alto Networks": "Expanse",
    },
}
_TOOLS = {
    "curl/": "curl",
    "Wget/": "Wget",
    "python-requests/": "python-requests",
    "Python-urllib/": "Python-urllib",
    "aiohttp/": "aiohttp",
    "python-httpx/": "httpx",
    "Go-http-client/": "Go-http-client",
    "Java/": "Java",
    "Apache-HttpClient/": "Apache-HttpClient",
    "axios/": "axios",
    "node-fetch/": "node-fetch",
    "undici": "undici",
    "libwww-perl/": "libwww-perl",
    "PostmanRuntime/": "Postman",
    "HTTPie/": "HTTPie",
    "GuzzleHttp/": "Guzzle",
}
# The longest first, so that `Google-InspectionTool` is not `Googlebot`'s.
_BOTS = sorted(
    ((token.lower(), Bot(name or token, kind)) for kind, known in _KNOWN.items() for token, name in known.items()),
    key=lambda row: -len(row[0]),
)
_TOOL_NAMES = tuple((token.lower(), Bot(name, BotKind.TOOL)) for token, name in _TOOLS.items())
# What calls itself so. CUBOT makes telephones.
_GENERIC = re.compile(r"\b(?!cubot)[\w.-]{0,40}(?:bot\b|bot[_-]|crawler|spider)[\w.-]{0,20}", re.I)


def bot_of(agent: str) -> Bot | None:
    """The bot that a user agent belongs to, None for people and for plain HTTP clients."""
    # Plain searches: one pattern of all names takes twenty times as long.
    lowered = agent.lower()
    for token, bot in _BOTS:
        if token in lowered:
            return bot
    if "bot" not in lowered and "crawler" not in lowered and "spider" not in lowered:
        return None
    generic = _GENERIC.search(agent)
    return Bot(generic.group()[:60], BotKind.OTHER) if generic else None


def tool_of(agent: str) -> Bot | None:
    """The HTTP client that a user agent names: a bot where it claims to look at a page."""
    lowered = agent.lower()
    return next((bot for token, bot in _TOOL_NAMES if lowered.startswith(token)), None)
