"""A user pool of Amazon Cognito on the emulator: a real issuer of tokens, with its pages to sign in."""

import uuid
from typing import Any, NamedTuple

PASSWORD = "Correct-horse-battery-1!"
SIGN_IN_URLS = ["http://127.0.0.1/admin"]


class UserPool(NamedTuple):
    """A pool with one client, and the settings of a Rollcall that accepts its tokens."""

    client: Any  # boto3's
    pool_id: str
    client_id: str
    settings: dict[str, str]

    def add_user(self, name: str, *groups: str, **attributes: str) -> None:
        """Adds a user with the password PASSWORD."""
        pool = {"UserPoolId": self.pool_id}
        given = [{"Name": key, "Value": value} for key, value in attributes.items()]
        self.client.admin_create_user(**pool, Username=name, UserAttributes=given, MessageAction="SUPPRESS")
        self.client.admin_set_user_password(**pool, Username=name, Password=PASSWORD, Permanent=True)
        for group in groups:
            self.client.create_group(**pool, GroupName=group)
            self.client.admin_add_user_to_group(**pool, Username=name, GroupName=group)

    def tokens(self, name: str) -> dict[str, str]:
        """Returns the tokens of a user: AccessToken, IdToken and RefreshToken."""
        found: dict[str, str] = self.client.admin_initiate_auth(
            UserPoolId=self.pool_id,
            ClientId=self.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        return found


def new_pool(client: Any, endpoint: str, redirects: list[str] | None = None) -> UserPool:
    """Adds a pool to the emulator at this address; its client may redirect to these pages."""
    pool_id = client.create_user_pool(PoolName=f"rollcall-{uuid.uuid4().hex[:8]}")["UserPool"]["Id"]
    made = client.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="page",
        GenerateSecret=False,
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        AllowedOAuthFlows=["code"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["openid"],
        CallbackURLs=redirects or SIGN_IN_URLS,
        SupportedIdentityProviders=["COGNITO"],
    )
    client_id = made["UserPoolClient"]["ClientId"]
    settings = {
        # The issuer is Cognito's on AWS; its configuration is on the emulator.
        "oidc_issuer": f"https://cognito-idp.{pool_id.partition('_')[0]}.amazonaws.com/{pool_id}",
        "oidc_discovery_url": f"{endpoint}/{pool_id}/.well-known/openid-configuration",
        "oidc_audience": client_id,
        "oidc_client_id": client_id,
        "oidc_groups_claim": "cognito:groups",
    }
    return UserPool(client, pool_id, client_id, settings)
