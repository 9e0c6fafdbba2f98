"""Settings: variables that are missing and values that are wrong."""

from agent.diagnosis.logs.pattern import spoken

_UPPER = r"(?-i:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{4,})"
_ABSENT = (
    r"(?:required|missing|undefined|unset|empty|blank|not (?:set|defined|found|provided|configured|"
    r"specified|present|given)"
    r"|unbound variable|parameter (?:null|not set)|must (?:be|not be) (?:set|provided|defined|"
    r"configured|specified|present"
    r"|non-?empty|empty|blank)|needs? to be (?:set|provided))"
)

# An upper-case name next to a word of absence, or an idiom of a library.
VARIABLES = (
    spoken(
        "missing-variable",
        rf"\b(?:KeyError|NameError|environ)\b.{{0,40}}['\"]{_UPPER}['\"]|key not found: \"{_UPPER}\"",
        (
            rf"(?<![\w.]){_UPPER}['\"`)]{{0,2}}:? (?:(?:env(?:ironment)?|config(?:uration)?)(?: variable|"
            rf" var)? )?(?:(?:is|was|are|were|has|have|must|a|not|been) )*{_ABSENT}"
        ),
        (
            r"(?:missing|required|undefined|unset|empty|need|no value (?:for|given for)|provide|define|"
            r"set|not (?:set|found|defined)).{0,50}\benv(?:ironment)?(?:[ _-]?var(?:iable)?s?)?\b"
        ),
        (
            r"\benv(?:ironment)?[ _-]?var(?:iable)?s?\b.{0,100}(?:not |missing|required|undefined|unset|"
            r"must|empty|absent|n't )"
        ),
        rf"(?:missing|required|undefined|unset|no value for)\b[^.]{{0,60}}?(?<![\w./]){_UPPER}\b(?!\()",
        r"required key \S+ missing value|unbound variable|parameter (?:null or )?not set|Field required",
        r"field required",
        (
            rf"(?:must|please|need to|have to|should) (?:specify|set|provide|define|configure|export|"
            rf"supply)\b.{{0,40}}{_UPPER}"
        ),
        rf"\b(?:needs?|wants?|expects?|requires?|without|no value for)\b.{{0,40}}(?<![\w./]){_UPPER}\b(?!\()",
        rf"null\. \(Parameter '{_UPPER}'",
        r"could not resolve placeholder|EnvVarError|NotPresent\b|missing env|UndefinedValueError|envvar",
        r"MissingEnvironment",
        r"the SECRET_KEY setting must not be empty|\"Required\".{0,200}invalid_type",
        r"invalid_type.{0,300}Required",
    ),
)

# Files, flags and values that do not parse or are not known.
VALUES = (
    spoken(
        "bad-config",
        r"mapping values are not allowed|did not find expected|could not find expected|\byaml: ",
        r"YAMLException|ScannerError",
        r"ParserError|expecting .{0,40}delimiter|Expecting (?:value|property name)",
        r"Unexpected (?:token|end of JSON)|JSONDecode",
        r"cannot unmarshal",
        (
            r"unknown (?:flag|option|field|directive|key|config\w*|setting|argument|shorthand|command|"
            r"property|variable|log ?level)"
        ),
        r"unrecogni[sz]ed (?:arguments?|option|config\w*|VM option|field|parameter|flag|value)",
        r"flag provided but not defined",
        r"invalid literal for int|could not convert string to|strconv\.|NumberFormatException",
        r"no such option|illegal option|bad option",
        (
            r"invalid (?:configuration|config|value|option|argument|port|url|uri|dsn|duration|log "
            r"?level|boolean|integer|number|setting|directive|character|choice|format|connection string|"
            r"host|address|interval|parameter|flag|character|type for|input syntax)\b"
        ),
        (
            r"must be (?:one of|a (?:number|valid|positive|port|string|boolean|url)|an? (?:integer|"
            r"absolute)|between|greater|less|at (?:least|most)|[<>])"
        ),
        r"is not (?:a )?(?:valid|recogni[sz]ed|supported|one of)|not a valid",
        r"unsupported (?:value|scheme|protocol|driver|option|config)",
        (
            r"(?:failed|unable|error|cannot|could not|can't).{0,20}\b(?:pars(?:e|ing)|load(?:ing)?|"
            r"read(?:ing)?|decod(?:e|ing)|bind(?:ing)?) .{0,40}(?:config|settings|yaml|json|"
            r"toml|manifest|values)"
        ),
        r"config(?:uration)?(?: file)? (?:is |was )?(?:invalid|malformed|error|problem|missing)",
        r"misconfigur|ImproperlyConfigured|ConfigError|ConfigurationError|ConfigException",
        r"APPLICATION FAILED TO START|Failed to (?:bind properties|configure a DataSource)",
        r"'url' attribute is not specified",
        r"was not in a correct format|no section headers|NoOptionError|NoSectionError|MissingSection|Missing script",
        r"has (?:the )?value .{1,60}(?:expected|must|allowed)|expected .{1,60}\b(?:got|but|found)\b",
        r"missing port in address|unrecognized vm option|Could not create the Java Virtual Machine",
        r"Invalid maximum heap",
        r"first path segment in URL|could not parse|cannot parse|failed to parse|parse error",
        r"error parsing|duplicate (?:key|location|listen|directive)|conflicting server name",
        r"missing required (?:config\w*|option|setting|flag|argument|parameter|propert\w+|key|field)",
        (
            r"required (?:option|setting|flag|argument|parameter|propert\w+|config\w*) "
            r".{0,60}(?:missing|not (?:set|provided|found))"
        ),
        r"required flag|failed on the '\w+' tag|the following arguments are required|unexpected \"|Parameter '[^']+'\)",
        r"extra inputs are not permitted|Input should be|ValidationError",
        r"No configuration (?:setting|file|value)",
        (
            r"config(?:uration)? (?:key|property|value|section|setting) .{0,60}(?:not|missing|invalid|"
            r"required|unknown)"
        ),
        r"toml: |TOMLDecode|\[emerg\]",
    ),
)
