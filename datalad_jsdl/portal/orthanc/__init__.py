"""Studies of an Orthanc server (DICOM), each to be had as one zip that can be resumed.

`resources` are what the server tells of patients, studies and series, `server` asks it for them,
`archives` has orders of all their files made and prepared, `endpoints` is for programs (pages are
in ``pages/orthanc.py``), and `plugin` is run by Orthanc itself, to start a portal along with it.
"""
