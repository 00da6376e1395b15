"""The sites and words that channels are told apart by: plain lists, to be read and amended.

A host belongs to a site when it is the site or lies below it; a name that ends in a dot stands for every country's
(`google.` for google.com.hk). Applications that refer are named by their package. A search engine's host counts by
itself or with one of `SEARCH_HOSTS` before it, since much else lies below the same names.
"""

__all__ = [
    "AFFILIATE_MEDIA",
    "ASSISTANTS",
    "ASSISTANT_NAMES",
    "DISPLAY_MEDIA",
    "EMAIL_MEDIA",
    "MAIL",
    "PAID_MEDIA",
    "SEARCH",
    "SEARCH_HOSTS",
    "SEARCH_NAMES",
    "SOCIAL",
    "SOCIAL_MEDIA",
    "SOCIAL_NAMES",
]


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Search engines.
SEARCH = words(
    """
    baidu.com sogou.com so.com sm.cn haosou.com quark.cn google. bing.com yahoo. duckduckgo.com yandex. ecosia.org
    naver.com daum.net seznam.cz qwant.com startpage.com search.brave.com ask.com aol.com petalsearch.com
    so.toutiao.com m.so.com com.google.android.googlequicksearchbox com.baidu.searchbox
    """
)
SEARCH_HOSTS = words("m wap search cn image images news video global hk tw")
# Networks, messengers and sites of what their users write.
SOCIAL = words(
    """
    weixin.qq.com wechat.com work.weixin.qq.com qzone.qq.com weibo.com weibo.cn t.cn xiaohongshu.com xhslink.com
    douyin.com iesdouyin.com zhihu.com bilibili.com b23.tv kuaishou.com douban.com tieba.baidu.com jianshu.com
    csdn.net juejin.cn v2ex.com facebook.com fb.com fb.me m.me instagram.com threads.net twitter.com x.com t.co
    linkedin.com lnkd.in reddit.com pinterest. tiktok.com youtube.com youtu.be snapchat.com discord.com telegram.org
    t.me web.telegram.org whatsapp.com wa.me line.me vk.com ok.ru quora.com medium.com tumblr.com mastodon.social
    bsky.app threads.com news.ycombinator.com slack.com kakao.com com.tencent.mm com.tencent.mobileqq com.sina.weibo
    com.facebook.katana com.instagram.android com.twitter.android com.linkedin.android com.reddit.frontpage
    com.xingin.xhs com.ss.android.ugc.aweme com.zhihu.android
    """
)
# Assistants that answer with links.
ASSISTANTS = words(
    """
    chatgpt.com chat.openai.com claude.ai perplexity.ai gemini.google.com copilot.microsoft.com
    copilot.cloud.microsoft grok.com x.ai poe.com you.com chat.mistral.ai meta.ai deepseek.com doubao.com kimi.com
    kimi.moonshot.cn moonshot.cn tongyi.com tongyi.aliyun.com qianwen.com yiyan.baidu.com chat.baidu.com
    yuanbao.tencent.com chatglm.cn metaso.cn tiangong.cn hailuoai.com xinghuo.xfyun.cn
    """
)
# Mail read in the browser.
MAIL = words(
    """
    mail.google.com mail.qq.com exmail.qq.com mail.163.com mail.126.com mail.yahoo. outlook.live.com
    outlook.office.com outlook.office365.com mail.aliyun.com mail.yandex. mail.proton.me com.google.android.gm
    """
)
# What people write into `utm_source` for networks,
SOCIAL_NAMES = words(
    """
    bilibili b站 discord douban douyin facebook fb ig instagram kuaishou line linkedin pinterest qq qzone red reddit
    snapchat telegram tiktok twitter vk wechat weibo weixin whatsapp x xhs xiaohongshu youtube zhihu
    公众号 小红书 微信 微博 快手 抖音 朋友圈 知乎 豆瓣
    """
)
# for search engines,
SEARCH_NAMES = words(
    """
    360 baidu bing duckduckgo ecosia google haosou naver quark shenma so sogou toutiao yahoo yandex 夸克 搜狗 百度 神马
    """
)
# and for assistants.
ASSISTANT_NAMES = words(
    """
    chatgpt chatgpt.com claude claude.ai copilot deepseek doubao gemini grok kimi metaso openai perplexity
    perplexity.ai tongyi wenxin yuanbao 元宝 文心一言 豆包 通义
    """
)
# What `utm_medium` says of clicks that cost,
PAID_MEDIA = words(
    """
    ad ads cpa cpc cpt cpv feed ocpc ocpm ocpx paid ppc retargeting sem 付费 信息流 竞价
    """
)
# of banners,
DISPLAY_MEDIA = words(
    """
    banner cpm display expandable interstitial 展示 开屏 横幅
    """
)
# of networks,
SOCIAL_MEDIA = words(
    """
    koc kol sm social social-media social-network social_media social_network socialmedia 社交
    """
)
# of mails,
EMAIL_MEDIA = words(
    """
    e e-mail e_mail edm email mail newsletter 邮件
    """
)
# and of partners.
AFFILIATE_MEDIA = words(
    """
    affiliate affiliates cps partner 分销 联盟
    """
)
