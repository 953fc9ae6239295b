"""Cities that a made-up model knows: to hear them in a message, and to answer with where they are.

Coordinates are rounded to four decimals (public knowledge; "our choice" which cities).
"""

CITIES: dict[str, tuple[float, float]] = {
    "Amsterdam": (52.3676, 4.9041),
    "Athens": (37.9838, 23.7275),
    "Bangkok": (13.7563, 100.5018),
    "Barcelona": (41.3874, 2.1686),
    "Beijing": (39.9042, 116.4074),
    "Berlin": (52.52, 13.405),
    "Boston": (42.3601, -71.0589),
    "Buenos Aires": (-34.6037, -58.3816),
    "Cairo": (30.0444, 31.2357),
    "Cape Town": (-33.9249, 18.4241),
    "Chicago": (41.8781, -87.6298),
    "Copenhagen": (55.6761, 12.5683),
    "Delhi": (28.6139, 77.209),
    "Dubai": (25.2048, 55.2708),
    "Dublin": (53.3498, -6.2603),
    "Hong Kong": (22.3193, 114.1694),
    "Istanbul": (41.0082, 28.9784),
    "Kyoto": (35.0116, 135.7681),
    "Lagos": (6.5244, 3.3792),
    "Lisbon": (38.7223, -9.1393),
    "London": (51.5072, -0.1276),
    "Los Angeles": (34.0522, -118.2437),
    "Madrid": (40.4168, -3.7038),
    "Mexico City": (19.4326, -99.1332),
    "Miami": (25.7617, -80.1918),
    "Milan": (45.4642, 9.19),
    "Montreal": (45.5019, -73.5674),
    "Moscow": (55.7558, 37.6173),
    "Mumbai": (19.076, 72.8777),
    "Munich": (48.1351, 11.582),
    "Nairobi": (-1.2921, 36.8219),
    "New York": (40.7128, -74.006),
    "Osaka": (34.6937, 135.5023),
    "Oslo": (59.9139, 10.7522),
    "Paris": (48.8575, 2.3514),
    "Prague": (50.0755, 14.4378),
    "Rio de Janeiro": (-22.9068, -43.1729),
    "Rome": (41.9028, 12.4964),
    "San Francisco": (37.7749, -122.4194),
    "Seattle": (47.6061, -122.3328),
    "Seoul": (37.5665, 126.978),
    "Shanghai": (31.2304, 121.4737),
    "Singapore": (1.3521, 103.8198),
    "Stockholm": (59.3293, 18.0686),
    "Sydney": (-33.8688, 151.2093),
    "Tokyo": (35.6762, 139.6503),
    "Toronto": (43.6532, -79.3832),
    "Vienna": (48.2082, 16.3738),
    "Warsaw": (52.2297, 21.0122),
    "Zurich": (47.3769, 8.5417),
}

IN_OTHER_SCRIPTS: dict[str, str] = {
    "東京": "Tokyo",
    "大阪": "Osaka",
    "京都": "Kyoto",
    "パリ": "Paris",
    "ロンドン": "London",
    "ベルリン": "Berlin",
    "ローマ": "Rome",
    "ニューヨーク": "New York",
    "サンフランシスコ": "San Francisco",
    "シドニー": "Sydney",
    "ソウル": "Seoul",
    "シンガポール": "Singapore",
    "北京": "Beijing",
    "上海": "Shanghai",
    "香港": "Hong Kong",
    "東京都": "Tokyo",
    "纽约": "New York",
    "伦敦": "London",
    "巴黎": "Paris",
    "东京": "Tokyo",
    "서울": "Seoul",
    "도쿄": "Tokyo",
    "파리": "Paris",
    "런던": "London",
}

BY_LOWER: dict[str, str] = {name.lower(): name for name in CITIES} | {
    "new york city": "New York",
    "nyc": "New York",
    "sf": "San Francisco",
}

FIRST_WORDS: frozenset[str] = frozenset(name.split()[0] for name in BY_LOWER)
"""The first words of their names, in lower case."""


def coordinates(place: str) -> tuple[float, float] | None:
    """Latitude and longitude in degrees of a place that begins with a known city's name."""
    name = place.split(",")[0].strip()
    city = BY_LOWER.get(name.lower()) or IN_OTHER_SCRIPTS.get(name)
    return CITIES[city] if city else None
