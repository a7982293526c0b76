"""Settings: the documents that crews may search."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from resources.errors import DocumentRefused
from resources.forms import DocumentForm
from resources.models import Document
from resources.passages import MAX_BYTES
from resources.selectors import collections_of, documents_of, passages_found
from resources.services import document_add, document_delete
from teams.access import TeamRequest, get_or_404, require, team_required

PAGE = 50
PASSAGES = 40
FOUND = 10


@require_http_methods(["GET", "HEAD", "POST"])
@team_required("crews.view")
def documents(request: TeamRequest) -> HttpResponse:
    """List the documents, try a search in them, and take in new ones."""
    form = DocumentForm(initial={"collection": "general"})
    if request.method == "POST":
        require(request.user, "crews.change", request.team)
        form = DocumentForm(request.POST, request.FILES)
        if form.is_valid() and _take_in(request, form):
            return redirect("resources:documents")
    query = request.GET.get("q", "").replace("\0", "")[:300]
    page = Paginator(documents_of(request.team), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "form": form,
        "collections": collections_of(request.team),
        "query": query,
        "found": passages_found(team=str(request.team.pk), query=query, limit=FOUND),
    }
    return render(request, "resources/documents.html", context, status=422 if form.errors else 200)


@require_safe
@team_required(None)
def document(request: TeamRequest, pk: UUID) -> HttpResponse:
    """Show a document's passages; `?passage=12` leads to the page that has it."""
    found = get_or_404(Document.objects.all(), request.caller, pk, "crews.view")
    request.team = found.team
    pages = Paginator(found.passages.order_by("number"), PASSAGES)
    wanted = request.GET.get("passage", "")
    number = (int(wanted) - 1) // PASSAGES + 1 if wanted.isdecimal() and len(wanted) < 8 else None
    page = pages.get_page(number or request.GET.get("page"))
    return render(request, "resources/document.html", {"document": found, "page": page})


@require_POST
@team_required(None)
def document_remove(request: TeamRequest, pk: UUID) -> HttpResponse:
    found = get_or_404(Document.objects.all(), request.caller, pk, "crews.change")
    document_delete(document=found)
    messages.success(request, f"“{found}” is deleted.")
    return redirect("resources:documents")


def _take_in(request: TeamRequest, form: DocumentForm) -> bool:
    """Take the files in, one by one; what is wrong with one keeps no other out."""
    files = form.cleaned_data["uploads"]
    refused = []
    for file in files:
        try:
            document_add(
                team=request.team,
                user=request.user,
                name=file.name,
                # One byte more than is accepted is refused as too large.
                data=file.read(MAX_BYTES + 1),
                collection=form.cleaned_data["collection"],
            )
        except DocumentRefused as error:
            refused.append(f"{file.name[:100]}: {error}")
    for text in refused:
        form.add_error("uploads", text)
    if taken := len(files) - len(refused):
        messages.success(request, f"{taken} document{'' if taken == 1 else 's'} can be searched.")
    return not refused
