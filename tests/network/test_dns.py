import pytest

from core.network.dns import Answer, names_tried, resolv_conf, resolve
from tests.builders import make_service, make_slice

SERVICES = [
    make_service("web", "shop").at("10.96.0.10").port(80, "http").obj(),
    make_service("db", "shop").headless().port(5432).obj(),
    make_service("partner", "shop").of_type("ExternalName").with_spec(externalName="api.example.com").obj(),
]
SLICES = [
    make_slice("db", "shop")
    .port(5432)
    .endpoint("10.244.1.2", hostname="db-0")
    .endpoint("10.244.2.2", hostname="db-1")
    .endpoint("10.244.3.2", hostname="db-2", ready=False)
    .obj()
]
SHOP = "shop.svc.cluster.local"


@pytest.mark.parametrize(
    ("name", "namespace", "expected"),
    [
        pytest.param("web", "shop", Answer(f"web.{SHOP}", ("10.96.0.10",)), id="same namespace"),
        pytest.param("web", "other", None, id="not from another namespace"),
        pytest.param("web.shop", "other", Answer(f"web.{SHOP}", ("10.96.0.10",)), id="with its namespace"),
        pytest.param("web.shop.svc", "other", Answer(f"web.{SHOP}", ("10.96.0.10",)), id="with svc"),
        pytest.param(f"web.{SHOP}.", "other", Answer(f"web.{SHOP}", ("10.96.0.10",)), id="in full"),
        pytest.param("db", "shop", Answer(f"db.{SHOP}", ("10.244.1.2", "10.244.2.2")), id="headless: ready pods"),
        pytest.param("db-1.db", "shop", Answer(f"db-1.db.{SHOP}", ("10.244.2.2",)), id="one pod of a headless one"),
        pytest.param("db-2.db", "shop", None, id="not a pod that is not ready"),
        pytest.param("partner", "shop", Answer(f"partner.{SHOP}", alias="api.example.com"), id="external name"),
        pytest.param(
            "_http._tcp.web", "shop", Answer(f"_http._tcp.web.{SHOP}", ports=((f"web.{SHOP}", 80),)), id="SRV"
        ),
        pytest.param("example.com", "shop", None, id="outside the cluster"),
    ],
)
def test_resolve(name, namespace, expected):
    assert resolve(name, namespace, SERVICES, SLICES) == expected


def test_short_names_are_searched_first_and_long_ones_last():
    assert next(names_tried("web", "shop")) == f"web.{SHOP}"
    assert next(names_tried("a.b.c.d.e.f", "shop")) == "a.b.c.d.e.f"


def test_resolv_conf():
    assert resolv_conf("shop", "10.96.0.10") == (
        "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
    )
