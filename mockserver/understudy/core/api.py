"""The API's operations on their paths."""

from understudy.core.endpoints.chat import ChatCompletions
from understudy.core.endpoints.images import ImageGenerations
from understudy.core.endpoints.models import ModelDetail, ModelList
from understudy.core.routes import Routes


def build_routes() -> Routes:
    """Everything that is answered, on the paths of the OpenAPI document."""
    routes = Routes()
    routes.meter("POST", "/v1/chat/completions", ChatCompletions())
    routes.meter("POST", "/v1/images/generations", ImageGenerations())
    routes.look_up("GET", "/v1/models", ModelList())
    routes.look_up("GET", "/v1/models/{model}", ModelDetail())
    return routes
