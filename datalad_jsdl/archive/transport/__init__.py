"""Small files out of zips that manifests name: many with one request.

What is in such a zip is never trusted. `directory` reads what it says of its members, `grouping`
finds those that lie beside each other, `members` takes them out of what came. `remote_zip` asks one
URL for ranges, `taking` brings these together; `files` and `ahead` are for downloads and exports.
"""
