/**
 * What a user agent says about the sender, as data, from public lists of crawlers and browsers (isbot and
 * crawler-user-agents); docs/pixels.md says how many of these are recognised.
 */

const anyOf = (words: string, before = "", after = ""): RegExp =>
  new RegExp(`${before}(?:${words.trim().split(/\s+/).join("|")})${after}`, "i");

/** Apps on a device may have any name, and a game may be called Spider: they are recognised by their platform. */
export const APP = anyOf(
  String.raw`CFNetwork/ Darwin/\d Dalvik/ UnityPlayer/ UnityWebRequest okhttp/ Alamofire/ \(dart:io\) Dart/\d UnrealEngine Godot
  Cocos2d FB(?:AN|AV)/ ReactNative Expo/ \(i(?:Phone|Pad|Pod)[;,\d] ;\s?iOS\s\d Scale/\d Android\s\d+[.;)] ExoPlayer GameActivity LOVE/ libgdx
  HbbTV/ RokuBrowser MAUI/ UCBrowser/ Roblox MIDP- com\.google\.\w+/\d Google(?:Podcasts|Mobile)/ Watch\d tvOS watchOS AppleTv`,
  "(?:^|[^a-z])",
);

/** Libraries with which servers send, and services that send postbacks: their events count. */
export const SENDER = anyOf(
  String.raw`python-(?:requests|urllib|httpx) ^python/ aiohttp urllib3 httpx/ GuzzleHttp Guzzle/ ^Apache-HttpClient
  ^Apache-HttpAsyncClient Commons-HttpClient AsyncHttpClient ^AHC/ ^Java/ ^Java-http-client Jersey/ Jetty/ RestSharp
  RestTemplate ^axios ^node-fetch ^undici ^node(?:\.js)?$ ^node/ ^got\b superagent request-promise ^Go-http-client
  Go\s[\d.]+\spackage ^curl/ PHP-Curl ^PHP/ ^PHP$ ^Wget/ ^libcurl ^lwp libwww-perl Mechanize ^Ruby Faraday Typhoeus rest-client
  HTTPie HTTP_Request Zend Symfony Laravel ReactorNetty ktor reqwest hyper/ ^Deno/ ^Bun/ ^Dart WinHTTP ^Microsoft\sBITS
  Postman insomnia ^Embarcadero Indy\sLibrary ^okhttp ^Valve/Steam\sHTTP\sClient\s[\d.]+$ WorldPay\sJava
  webhooks? callbacks? callout postbacks? Event\sAPI IFTTT Zapier integromat ^make/ azure-logic-apps ^Stape n8n ^Stripe/ PayPal
  Recurly Braze\sSender SendGrid SparkPost Cloud-Tasks Cloud-Scheduler Captain-Hook Mollie Trustly Adyen API\sClient HTTP\sclient
  Mailchimp Klaviyo HubSpot\sConnect Salesforce OpenAI/JS Stream-Hook ^Shopify ^GoPay ^Sora ^Zoom\sMarketplace ^WordPress/ ^XenForo
  ^Invision ^Retool Metorik PostmanRuntime AppEngine-Google WinInet CryptoAPI Pcore-HTTP ^Omnisend ^Snipcart ^Braze ^Jumio
  ^M2E\sPro ^Bling\sERP ^SparkShipping
  ^grpc- ^http-kit lua-resty-http scalaj-http http_get ^Amazon\sCloudFront ^colly ^curl$ easybill ^collectd ^Upflow`,
);

/** Apps that fetch a link or an icon when somebody pastes it: that is no visit by the owner of the device. */
export const PREVIEW = anyOf("whatsapp swcd", "^", "(?:[/\\s(]|$)");

/** Names that only crawlers have, with any library. */
export const SURELY = anyOf(
  "bots?(?![a-z]) crawl(?:er|ing) spider slurp scraper checklink link_?ch(?:ec)?k chaturllookup",
);

/** Names of crawlers, previews, checks and archives that do not pose as a browser. */
export const CRAWLER = anyOf(
  String.raw`\bbot robot crawl harvest sucker copier grab(?:ber)?\b mirror archiv
  preview unfurl onebox expander unshorten lookup retriev cite citoid iframely embed opengraph metadata metainspector
  favicon screenshot screen\s?shot thumb snapshot image\s?(?:fetch|proxy|audit) ImgProxy proxy prefetch cache transcoder weblight
  check(?:er|s|host)?\b checkr validat verif inspect analy[sz]er audit detect(?:or|ion) sniff probe scan(?:ner|ning)?
  search(?:er)?(?:x|web|xweb|dev|express)?\b index(?:er|ing|io)?\b (?<!mozac)fetch download pars(?:er|ing) linkace link.?(?:finder|resolv) linkdex
  resolver monitor uptime uptrends updown downtime health pingdom pinging nodeping ^ping status synthetic lighthouse pagespeed
  server.density site24x7 zabbix nagios xymon hobbit monit/ munin prometheus blackbox.exporter solarwinds catchpoint datadog panopta
  gtmetrix ^ab/ apachebench siege jmeter httpunit phantom keycdn-tools
  feed rss atom podcast subscriber reader news(?:blur|gather|gator|ify|letter)? blogtrottr apple-pubsub venus/ overcast digg disqus
  ^whatsapp ^viber telegram skype slack discord discourse facebook(?:external|catalog|platform) meta-external twitter linkedin tumblr
  snapchat quora bitrix chatwork notion mattermost bluesky mastodon lemmy friendica fedi(?:list|index|neko)? misskey pleroma github-camo
  gpt anthropic claude perplexity cohere openai mistral -ai\b \bai\b ^cursor/
  ia_ google(?!app) mediapartners yahoo y!j bing baidu yandex duckduckgo/5\s\( duckduckgo-fav naver yeti sogou ichiro qwant petal coccoc daum
  hatena gigablast nutch funnelback appsiteassociation
  seo semrush ahrefs moz\b majestic turnitin safeassign plagiar grammarly brandwatch traackr postrank panscient email\s?(?:wolf|ex)
  nikto nuclei wpscan whatweb dirbuster acunetix sqlmap zmeu arachni fuzz masscan nmap zgrab openvas burp vulnerab pentest dast\b
  clamav blackduck bitdiscovery l9(?:explore|tcpid) asnrisk
  ssl\b tls\b dcv\b certificate netcraft censys shodan expanse wedos netvigie hexometer hydrozen wheresitup
  cloudflare hwcdn w3c_ w3c- amaya jigsaw unicorn httrack web.?copy xenu webcollage site\s?(?:sucker|lock|ops) web(?:gazer|ops) websiteops
  watchmouse browsershots thinklab onetrust termly iubenda legalmonster vaultpress managewp wpumbrella monsido perimeterx integration-services
  octopus igetter torrent btwebclient bw/1 nibbler biglotron owler metauri ddg[-_]android placid pdf24 remove\.bg advisor pixalate fastmailua magellan
  nuzzel spotify/1 trackable/ sixy\.ch mediahubmx corporama ^determ$ ning/ emclient leadgen algoliarecommend adminlabs amazon-kendra-customer-id-\d`,
);

/** The address of a page that describes the crawler: `(+https://crawler.example)`. */
export const EXPLAINS_ITSELF = /\(\s?(?:\+|compatible;|mailto:|see\s)|[(;,\s]\+?\s?https?:\/\/|[\w.-]+@[\w-]+\.\w/i;
