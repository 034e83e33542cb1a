"""URLs: pages first, then the API, then machine endpoints."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from annotator.flow.operations import readiness
from annotator.views.operations.metrics import metrics
from annotator.views.urls import page_urls


@csrf_exempt
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Report that this process responds."""
    return HttpResponse("ok", content_type="text/plain")


@csrf_exempt
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Report whether database, broker and worker are available; 503 if one is not."""
    parts = readiness.readiness()
    return JsonResponse(parts, status=200 if set(parts.values()) == {"ok"} else 503)


urlpatterns = [
    *page_urls,
    path("api/v1/", include("annotator.api.urls")),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    path("admin/", admin.site.urls),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]

handler400 = "annotator.views.error_pages.bad_request"
handler403 = "annotator.views.error_pages.forbidden"
handler404 = "annotator.views.error_pages.not_found"
handler500 = "annotator.views.error_pages.server_error"
