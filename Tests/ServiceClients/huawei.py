# SPDX-License-Identifier: Apache-2.0
"""Huawei's own SDK: clients that sign what they send, and what they raise."""
from servers import ACCESS_KEY, SECRET_KEY
from world import ACCOUNT, same

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000"


def build(client_class, world, secret=SECRET_KEY):
    """A client of the SDK."""
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.http.http_config import HttpConfig

    config = HttpConfig.get_default_config()
    config.retry_times = 0
    return (
        client_class.new_builder().with_http_config(config)
        .with_credentials(BasicCredentials(ACCESS_KEY, secret, ACCOUNT)).with_endpoint(world.service.address).build())


def refuse(status, attempt):
    """Fails unless the SDK raises a refusal with a status, a code and a message."""
    from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

    try:
        attempt()
    except ClientRequestException as refusal:
        same(refusal.status_code, status, "the status")
        assert refusal.error_code.startswith("DBS.") and refusal.error_msg, f"no code or message: {refusal}"
    else:
        raise AssertionError(f"{status} was not raised")
