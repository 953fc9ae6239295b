"""Which of these operations stands on which path."""

from understudy.core.endpoints.organization import (
    admin_keys,
    api_keys,
    projects,
    rate_limits,
    service_accounts,
    spend_limits,
    usage,
)
from understudy.core.routes import Routes

_ROOT = "/v1/organization"
_PROJECTS = f"{_ROOT}/projects"
_PROJECT = f"{_PROJECTS}/{{project}}"
_KEY = f"{_PROJECT}/api_keys/{{key}}"
_SERVICE = f"{_PROJECT}/service_accounts/{{service_account}}"
_ADMIN_KEYS = f"{_ROOT}/admin_api_keys"


def add_organization(routes: Routes) -> None:
    """Add all of them."""
    routes.answer("GET", _PROJECTS, projects.ProjectList())
    routes.answer("POST", _PROJECTS, projects.ProjectCreation())
    routes.answer("GET", _PROJECT, projects.ProjectDetail())
    routes.answer("POST", _PROJECT, projects.ProjectUpdate())
    routes.answer("POST", f"{_PROJECT}/archive", projects.ProjectArchiving())
    routes.answer("GET", f"{_PROJECT}/api_keys", api_keys.ApiKeyList())
    routes.answer("GET", _KEY, api_keys.ApiKeyDetail())
    routes.answer("DELETE", _KEY, api_keys.ApiKeyDeletion())
    routes.answer("GET", f"{_PROJECT}/service_accounts", service_accounts.ServiceAccountList())
    routes.answer("POST", f"{_PROJECT}/service_accounts", service_accounts.ServiceAccountCreation())
    routes.answer("GET", _SERVICE, service_accounts.ServiceAccountDetail())
    routes.answer("POST", _SERVICE, service_accounts.ServiceAccountUpdate())
    routes.answer("DELETE", _SERVICE, service_accounts.ServiceAccountDeletion())
    routes.answer("POST", f"{_SERVICE}/api_keys", service_accounts.ServiceAccountKeyCreation())
    routes.answer("GET", f"{_PROJECT}/rate_limits", rate_limits.RateLimitList())
    routes.answer("POST", f"{_PROJECT}/rate_limits/{{rate_limit}}", rate_limits.RateLimitUpdate())
    for kind, path in (("organization", f"{_ROOT}/spend_limit"), ("project", f"{_PROJECT}/spend_limit")):
        routes.answer("GET", path, spend_limits.SpendLimitDetail(kind))
        routes.answer("POST", path, spend_limits.SpendLimitUpdate(kind))
        routes.answer("DELETE", path, spend_limits.SpendLimitDeletion(kind))
    routes.answer("GET", _ADMIN_KEYS, admin_keys.AdminKeyList())
    routes.answer("POST", _ADMIN_KEYS, admin_keys.AdminKeyCreation())
    routes.answer("GET", f"{_ADMIN_KEYS}/{{key}}", admin_keys.AdminKeyDetail())
    routes.answer("DELETE", f"{_ADMIN_KEYS}/{{key}}", admin_keys.AdminKeyDeletion())
    for kind in usage.KINDS:
        routes.answer("GET", f"{_ROOT}/usage/{kind}", usage.UsageReport(kind))
    routes.answer("GET", f"{_ROOT}/costs", usage.CostReport())
