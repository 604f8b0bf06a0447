"""The thirty checks: which of them are open, wholly or in part, and why. All others are tests named
`test_check_NN_...` in this folder, and each of those has its mutation in `mutations.py`."""

COUNT = 30

OPEN = {
    29: "erasure: there is no request for it yet; tombstones and blanking are tested with the"
    " store",
}

OPEN_IN_PART = {
    20: "an expired token, another audience, another issuer and the algorithm none are refused by"
    " the gateway's authorizer: here only its configuration and the code's own checks are seen",
    23: "markup shown escaped: there is no console yet; here only the answer's kind is seen",
    26: "cdk-nag is not among the locked tools: the rules here are our own",
    28: "there is no budget alarm: the amount is the operator's to name",
    30: "no list of known vulnerabilities is asked: tests leave this machine for nothing",
}
