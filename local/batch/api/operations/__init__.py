"""The operations of AWS Batch's API: one module a resource, one function an operation, `(account, params) ->
answer`.
"""
